Feature: The station says when it is slow, and how fast it was

  Background:
    Given email, Slack and SMS are configured
    And the station stands at 15:10 on a normal day with a candidate for AAPL

  @S21
  Scenario: A slow scan
    When a scan of 500 symbols took 15 seconds
    Then email and Slack say "[WARNING]" and "scan of 500 symbols took 15.00 s"
    And email and Slack say "33.33 symbols/s" and "below min_symbols_per_second 50"

  @S22
  Scenario: A slow order
    When the broker takes 0.8 seconds to acknowledge an order of AAPL
    Then the log warns that the order latency is above max_order_latency
    And the mean order latency is 0.8 seconds, beside its threshold

  @S23
  Scenario: The report of a day
    When the station scans
    And it has run for 24 hours
    Then its report has the up-time, and scanner and execution figures beside their thresholds

  @S26
  Scenario: Too few symbols a second
    When a scan of 60 symbols took 3 seconds
    Then email and Slack say "[WARNING]" and "20.00 symbols/s"
    And email and Slack say "20.00 symbols/s" and "below min_symbols_per_second 50"
