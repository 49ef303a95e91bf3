Feature: Market data is kept for as long as it may be used
  Whole daily bars are good until the next session's close, minute bars for a minute, option
  chains for browsing for five minutes. What is kept is not asked for again; what decides is.

  @S12
  Scenario: Daily bars that have not expired come from the cache
    Given the station stands at 17:00 on a normal day
    And the daily bars of AAPL are in the cache
    When the daily bars of AAPL are requested
    Then they are the cached ones
    And nothing was asked of the broker

  Scenario: The bar that forms is never kept
    Given the station stands at 15:05 on a normal day
    And the daily bars of AAPL are in the cache
    When the clock reaches 15:30
    And the daily bars of AAPL are requested
    Then the whole bars are the cached ones
    And today's bar is the market's of 15:30
    And the broker was asked once, for a few bars

  Scenario: After the close only what is missing is asked for
    Given the station stands at 15:05 on a normal day
    And the daily bars of AAPL are in the cache
    When the clock reaches 16:30
    And the daily bars of AAPL are requested
    Then today's bar is whole
    And the broker was asked once, for a few bars
    When the daily bars of AAPL are requested
    Then they are the cached ones
    And nothing was asked of the broker

  Scenario: A split since the bars were kept
    Given the station stands at 15:05 on a normal day
    And the daily bars of AAPL are in the cache, from before a split of 2 for 1
    When the daily bars of AAPL are requested
    Then the broker was asked again, for two years
    And the whole bars are the market's

  Scenario: A scan leaves whole bars behind, and the next one asks for today's only
    Given the station stands at 15:05 on a normal day
    When the station scans
    Then two years were asked for every symbol
    When the clock reaches 15:10
    And the station scans
    Then a few bars were asked for every symbol

  Scenario: Chains to look at are kept, a proposal's are not
    Given the station stands at 15:30 on a normal day with a candidate for AAPL
    And the trader has looked at its chain
    When the trader looks at its chain
    Then nothing was asked of the broker
    When the trader loads its chain for a proposal
    Then the broker was asked for its chain
    When the clock moves on by 301 s
    And the trader looks at its chain
    Then the broker was asked for its chain

  @S13
  Scenario: Minute bars that have expired are fetched anew
    Given the scanner holds minute bars of MSFT
    And the minute bars of MSFT are in the cache
    When another minute bar of MSFT has come to the scanner
    And 59 s pass
    And the minute bars of MSFT are requested
    Then the scanner was not asked
    When 1 s passes
    And the minute bars of MSFT are requested
    Then the scanner was asked once
    And the new minute bar is in the cache

  Scenario: Old minute bars stay, marked as expired, when no new ones can be had
    Given the scanner holds minute bars of MSFT
    And the minute bars of MSFT are in the cache
    When the scanner is gone
    And 60 s pass
    And the minute bars of MSFT are requested
    Then the request fails, and says that the old ones are still held
    And the old ones are held as expired

  Scenario: A sweep removes what has expired and counts it
    Given the scanner holds minute bars of MSFT, AAPL and GOOGL
    And the minute bars of MSFT and AAPL are in the cache
    When 60 s pass
    And the minute bars of GOOGL are requested
    And the cache is swept
    Then 2 entries were removed
    And only the minute bars of GOOGL are in the cache

  @S14
  Scenario: A universe of 100 symbols is prefetched by the scanner
    Given the scanner holds two years of daily bars of 100 symbols
    When the universe is prefetched
    Then all 100 are cached, at more than 100 symbols a second
    And the daily bars of each are served without asking anyone

  Scenario: A symbol that cannot be prefetched is named
    Given the scanner holds two years of daily bars of 100 symbols
    And the universe has a symbol that it does not hold
    When the universe is prefetched
    Then all 100 are cached, at more than 100 symbols a second
    And the other one is reported with the reason
