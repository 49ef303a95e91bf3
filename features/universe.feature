Feature: What is scanned, and which chains are loaded
  The trader scans a list of his own or all of the bar store, as it is. Price and volume then filter
  the signals. Chains cost messages: the first few are loaded unasked, the others on a click.

  Scenario: A watchlist is scanned as it is, and what cannot be is named
    Given a PAPER station at 15:05 on a normal day
    And a watchlist of the lines "AMD", "Q$M # mistyped", "QCOM", "amd" and "NOPE"
    When the station scans
    Then AMD and QCOM are scanned
    And NOPE is reported as "No security definition"
    And Q$M is reported as "line 2"

  Scenario: A watchlist that changed is read again by the next scan
    Given a PAPER station at 15:05 on a normal day
    And a watchlist of the lines "AMD"
    When the station scans
    Then AMD are scanned
    When the watchlist has the lines "XLE" and "DIS"
    And the station scans
    Then XLE and DIS are scanned

  Scenario: A watchlist without symbols is one sentence with the remedy
    Given a PAPER station at 15:05 on a normal day
    When the station tries to scan
    Then it is refused with "name a file of symbols in the setting universe.watchlist"
    When a watchlist is named that is not there
    And the station tries to scan
    Then it is refused with "watchlist cannot be read (No such file or directory)"
    When the watchlist has the lines "# AMD"
    And the station tries to scan
    Then it is refused with "watchlist holds no symbol"
    When the watchlist has the lines "AMD"
    And the station scans
    Then AMD are scanned

  Scenario: All symbols of the bar store are scanned
    Given a PAPER station at 15:05 on a normal day
    And the universe is the bar store
    When the station tries to scan
    Then it is refused with "vst bars import"
    Given the bar store holds bars of AMD, QCOM and XLE
    When the station scans
    Then AMD, QCOM and XLE are scanned

  Scenario: Price and volume filter the signals, each with the reason
    Given the station stands at 15:05 on a normal day
    And the setting min_price is 90
    And the setting min_volume is 8000000
    When the station scans
    Then signals below the price say so, with both prices
    And signals below the volume say so, with the average of 20 whole bars
    And no signal is dropped

  Scenario: Chains are loaded for the first signals by dollar volume
    Given the station stands at 15:05 on a normal day
    And the setting max_chains is 3
    When the station scans
    Then the chains of the 3 signals with the greatest dollar volume were loaded
    And the others say "load chain"

  Scenario: Symbols of positions and rows that the trader opened go first
    Given the station stands at 15:30 on a normal day with a candidate for GE
    And the setting max_chains is 2
    And the trader holds a spread of GE
    And the trader opened the row of the signal with the smallest dollar volume
    When the station scans
    Then its chain and that of GE were loaded, and no other

  Scenario: A symbol on which no spread can pass costs no message
    Given the station stands at 15:05 on a normal day
    And the setting max_spread_cost is 150
    And the setting max_chains is 100
    When the station scans
    Then some signals say "needs about 1,230 USD", rounded up to ten
    And nothing was asked about their options

  Scenario: Bars are kept over a restart, and only the bar that forms is asked for
    Given a PAPER station at 15:05 on a normal day
    And a watchlist of the lines "AMD", "QCOM" and "XLE"
    When the station scans
    Then two years of bars were asked of the broker for each symbol
    And the bar store holds their whole bars
    When the station starts again
    And the station scans
    Then a few bars were asked of the broker for each symbol
    And the signals are the same

  Scenario: After the close a restarted station asks the broker for no bar
    Given a PAPER station at 17:00 on a normal day
    And a watchlist of the lines "AMD", "QCOM" and "XLE"
    When the station scans
    And the station starts again
    And the station scans
    Then no bars were asked of the broker
    And the signals are the same

  Scenario: Days later only what is missing is asked for
    Given a PAPER station at 15:05 on a normal day
    And a watchlist of the lines "AMD", "QCOM" and "XLE"
    When the station scans
    And the station starts again, 9 days later
    And the station scans
    Then a few bars were asked of the broker for each symbol
    And the bar store holds their whole bars

  Scenario: A split while the station was down
    Given a PAPER station at 15:05 on a normal day
    And a watchlist of the lines "AMD", "QCOM" and "XLE"
    And the bar store holds bars of AMD, from before a split of 2 for 1
    When the station scans
    Then two years of bars were asked of the broker for AMD
    And the bar store holds their whole bars

  Scenario: Invented prices never go into the bar store
    Given the station stands at 15:05 on a normal day
    When the station scans
    Then there is no bar store
