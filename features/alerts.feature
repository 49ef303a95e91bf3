Feature: The trader is told, by the channels of the severity

  Background:
    Given email, Slack and SMS are configured

  @S24
  Scenario: A trade
    Given at most 2 contracts are traded
    And the station stands at 15:10 on a normal day with a candidate for AAPL
    When the trader approves AAPL
    And the clock reaches 15:20
    Then email says "[INFO]" and "Trade EXECUTED: AAPL"
    And the alert names the direction and x2

  @S25
  Scenario: A component fails
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    When the connection to IBKR is lost and cannot be made again
    Then email, Slack and SMS say "[HIGH]" and "System: IBKR_API ERROR"

  Scenario: A channel that fails hides no other, and the pane says so
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    And Slack refuses everything
    When a scan of 500 symbols took 15 seconds
    Then email says "[WARNING]" and "scan of 500 symbols took 15.00 s"
    And the alert of the scan is "email sent" and "slack failed (HTTP 403)"

  Scenario: The station is closed over an open position
    Given at most 2 contracts are traded
    And the station stands at 15:10 on a normal day with a candidate for AAPL
    When the trader approves AAPL
    And the clock reaches 15:20
    And the station is closed
    Then email and Slack say "Left behind: AAPL" and "closing limit"
