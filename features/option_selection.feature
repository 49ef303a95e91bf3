Feature: From a signal to a debit vertical spread
  Each signal's chain is loaded over the wire, and every pair of strikes is held against
  every filter.

  @S5
  Scenario: A LONG signal becomes a bull call spread within every limit
    Given a day on which MSFT gives a LONG signal
    When the station scans
    And the chain of MSFT is loaded
    Then the spread proposed for MSFT is a BULL_CALL
    And it costs at most 500 USD, pays at least 1.5 times its risk, with a delta from 0.30 to 0.50
    And it expires in 30 to 45 days

  @S6
  Scenario: A SHORT signal becomes a bear put spread within every limit
    Given a day on which AAPL gives a SHORT signal
    When the station scans
    And the chain of AAPL is loaded
    Then the spread proposed for AAPL is a BEAR_PUT
    And it costs at most 500 USD, pays at least 1.5 times its risk, with a delta from 0.30 to 0.50
    And it expires in 30 to 45 days

  Scenario: A chain on which nothing passes is a normal answer with its counts
    Given no spread may cost more than 20 USD
    And a day on which MSFT gives a LONG signal
    When the station scans
    And the chain of MSFT is loaded
    Then MSFT has no candidate
    And the reject counts add up to every pair considered
