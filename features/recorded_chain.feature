Feature: Spreads of a chain recorded from the real market
  `vst select` on the AAPL option chain of 2014-06-09, every figure held against the recorded
  quotes themselves.

  @S5
  Scenario: A LONG signal on the recorded chain becomes a bull call spread within every limit
    Given the AAPL chain recorded on 2014-06-09
    When its spreads are selected for a LONG signal
    Then every spread is a BULL_CALL
    And every spread costs at most 500 USD and pays at least 1.5 times its risk
    And every spread has a delta from 0.30 to 0.50
    And every spread expires in 30 to 45 days
    And the debits are the recorded ask of the bought leg less the recorded bid of the sold leg
    And the best reward for the risk stands first

  @S6
  Scenario: A SHORT signal on the recorded chain becomes a bear put spread within every limit
    Given the AAPL chain recorded on 2014-06-09
    When its spreads are selected for a SHORT signal
    Then every spread is a BEAR_PUT
    And every spread costs at most 500 USD and pays at least 1.5 times its risk
    And every spread has a delta from 0.30 to 0.50
    And every spread expires in 30 to 45 days
    And the debits are the recorded ask of the bought leg less the recorded bid of the sold leg
    And the best reward for the risk stands first

  @S5 @S6
  Scenario Outline: On the chain of the day before the split the same limits hold
    Given the AAPL chain recorded on 2014-06-06
    When its spreads are selected for a <direction> signal
    Then no listed spread breaks a limit
    And the split is explained

    Examples:
      | direction |
      | LONG      |
      | SHORT     |

  Scenario: Earnings inside the trade deny every spread that would be held over them
    Given the AAPL chain recorded on 2014-06-09
    And a file that says AAPL tells its earnings on 2014-07-02 before the open
    When its spreads are selected for a LONG signal
    Then the spreads that are held on 2014-07-02 are denied and say why
    And the others are not
