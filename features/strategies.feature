Feature: Signals of the four strategies
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
