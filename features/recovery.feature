Feature: What fails is mended where it can be, and the trader knows either way
  Every error has a component and a type. Recovery is tried, each attempt is logged, and when it
  does not help the trader is told by every channel of that severity.

  Background:
    Given email, Slack and SMS are configured

  @S15
  Scenario: The connection to IBKR is lost
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    When the connection to IBKR is lost and cannot be made again
    Then a reconnect is attempted, and the attempt is logged
    And email, Slack and SMS say "[HIGH]" and "System: IBKR_API RECOVERY FAILED"
    And the performance pane shows "IBKR_API CONNECTION" with what was tried and what to do
    When TWS takes connections again
    Then the station is connected again, and email says "System: IBKR_API RECOVERED"

  @S16
  Scenario: pandas-ta fails while computing RSI
    Given the scanner cannot be started
    And pandas-ta fails while it computes RSI
    And the station stands at 15:10 on a normal day with a candidate for AAPL
    When the station scans
    Then the alternative computation gave the signals
    And the failure and the attempt are logged and counted

  @S17
  Scenario: The same error three times
    Given error_threshold is 3
    And the universe names NOSUCH beside AAPL
    And the station stands at 15:10 on a normal day with a candidate for AAPL
    When the station scans 2 times
    Then no channel has said "MARKET_DATA ERROR"
    When the station scans 1 time
    Then email, Slack and SMS say "[HIGH]" and "System: MARKET_DATA ERROR"
    And email, Slack and SMS say "DATA_MISSING (3 times)" and "NOSUCH"
    When the station scans 3 times
    Then no channel has said "DATA_MISSING (6 times)"

  Scenario: Bars that are held stand in for bars that do not come
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    When the station scans
    And bars of AAPL do not come any more
    And the station scans
    Then AAPL was scanned on the bars held, and it says so

  Scenario: The journal was changed by another hand
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    And the station has run, and its journal was changed since
    When the station comes up on it
    Then email, Slack and SMS say "[HIGH]" and "System: DATABASE ERROR"
    And email, Slack and SMS say "DATA_INTEGRITY" and "vst journal verify"
