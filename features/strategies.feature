Feature: Signals of the strategies
  The station asks the broker for daily bars, the forming one included, and the Go scanner
  tells which rules hold on it. Prices are those of the built-in simulated market.

  @S1
  Scenario: A strong close above its base is a LONG signal
    Given a day after 15:00 on which AAPL closes high above its base with a strong RSI
    When the station scans
    Then HIGH_BASE gives a LONG signal for AAPL

  @S2
  Scenario: A weak close near its base is a SHORT signal
    Given the ATR ratio is measured from the low of the range
    And a day after 15:00 on which MSFT closes close to its base with a weak RSI
    When the station scans
    Then LOW_BASE gives a SHORT signal for MSFT

  @S2
  Scenario: The LOW_BASE rule taken to the letter never fires
    Given a day after 15:00 on which MSFT closes close to its base with a weak RSI
    When the station scans
    Then LOW_BASE gives no signal at all

  @S3
  Scenario: A pullback that ends in an up trend is a LONG signal
    Given a day after 15:00 on which the RSI of GOOGL rises back above its threshold in an up trend
    When the station scans
    Then BULL_PULLBACK gives a LONG signal for GOOGL

  @S4
  Scenario: A rally that ends in a down trend is a SHORT signal
    Given a day after 15:00 on which the RSI of NFLX falls back below its threshold in a down trend
    When the station scans
    Then BEAR_RALLY gives a SHORT signal for NFLX

  Scenario: A signal on today's unfinished bar is marked as forming
    Given a day after 15:00 on which AAPL closes high above its base with a strong RSI
    When the station scans
    Then every signal of that day is marked as forming
    And every symbol of the universe is scanned or reported with its reason

  Scenario: A rule that cannot fire is said so, and the switch lets it
    When the station scans
    Then the strategy panel says that LOW_BASE cannot fire and offers the range's low
    When the trader measures the ATR ratio from the range's low
    Then LOW_BASE has a fire rate and nothing is said against it
    And the setting holds for this run alone

  Scenario: A strategy of one's own is scanned for like any other
    Given an installed strategy SLOW_RISE that wants an RSI above 50
    And the strategies HIGH_BASE and SLOW_RISE are enabled
    When the station scans
    Then HIGH_BASE and SLOW_RISE give signals and no other does
    And every symbol can be explained by both

  Scenario: A broken strategy of one's own is reported and harms no other
    Given an installed strategy BROKEN that cannot be loaded
    And the strategies HIGH_BASE and BROKEN are enabled
    When the station scans
    Then HIGH_BASE gives signals
    And BROKEN is reported with the package it came from

  Scenario: Scans go on in this process while the scanner is down
    Given a day after 15:00 on which AAPL closes high above its base with a strong RSI
    And the scanner cannot be started
    When the station scans
    Then HIGH_BASE gives a LONG signal for AAPL
    And the window says that the scan was slower because the scanner is down

  @S16
  Scenario: Indicators fall back on the alternative computation
    Given a day after 15:00 on which AAPL closes high above its base with a strong RSI
    And the scanner cannot be started
    And pandas-ta fails while it works out the RSI
    When the station scans
    Then HIGH_BASE gives a LONG signal for AAPL
    And each attempt is logged and numpy served

  Scenario: Near misses are listed with the condition that failed
    When the station scans
    Then each near miss names the one condition that failed and how near it came
