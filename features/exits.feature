Feature: Every position leaves by its plan, and the record says why
  Targets and stop stand on the underlying, frozen at the entry; the clock, the calendar and the
  trader have exits of their own.

  Scenario Outline: The underlying reaches a level and stays there
    Given the nearest target is <level>
    And a position in AAPL, opened at 100 with an ATR of 2
    When AAPL trades at <price> for 15 seconds
    Then the position in AAPL is closed with the reason <reason>

    Examples:
      | level       | price | reason      |
      | TARGET_ATR  | 106.5 | TARGET_ATR  |
      | TARGET_R    | 108.5 | TARGET_R    |
      | TARGET_FIBO | 105.5 | TARGET_FIBO |
      | TARGET_ATR  | 95.5  | STOP        |

  Scenario: A spike is no stop
    Given a position in AAPL, opened at 100 with an ATR of 2
    When AAPL trades at 95.5 for 5 seconds
    And AAPL trades at 100 for 60 seconds
    Then the position in AAPL is open

  Scenario: The time exit
    Given the station stands at 2023-11-30 15:20
    And a position in AAPL whose last day by plan is 2023-12-01
    When time passes to 2023-12-01 09:59
    Then the position in AAPL is open
    When time passes to 2023-12-01 10:01
    Then the position in AAPL is closed with the reason TIME

  Scenario: One session before the last trading day everything is closed
    Given the station stands at 2023-12-13 15:20
    And a position in AAPL whose last day by plan is 2023-12-14
    When time passes to 2023-12-14 10:01
    Then the position in AAPL is closed with the reason EXPIRY

  Scenario: A short call that would be exercised before the ex-date
    Given the station stands at 2023-11-07 14:50
    And AAPL goes ex a dividend of 4.00 on 2023-11-08
    And targets are not used
    And a position in AAPL, opened at 100 with an ATR of 2
    When AAPL trades at 110.5 for 60 seconds
    Then the position in AAPL is open
    When time passes to 2023-11-07 15:05
    Then the position in AAPL is closed with the reason EX_DIV

  Scenario: Earnings in the morning that nobody knew of at the entry
    Given the station stands at 2023-11-07 14:50
    And AAPL tells its earnings on 2023-11-08 before the open
    And targets are not used
    And a position in AAPL, opened at 100 with an ATR of 2
    When time passes to 2023-11-07 15:05
    Then the position in AAPL is closed with the reason EARNINGS

  Scenario: Earnings are held over where the trader wants it
    Given the station stands at 2023-11-07 14:50
    And AAPL tells its earnings on 2023-11-08 before the open
    And the policy for earnings is warn
    And targets are not used
    And a position in AAPL, opened at 100 with an ATR of 2
    When time passes to 2023-11-07 15:45
    Then the position in AAPL is open
    And the trader is told HIGH that "the position is kept over them"

  Scenario: The take-profit
    Given half of the maximum profit is taken
    And targets are not used
    And a position in AAPL, opened at 100 with an ATR of 2
    When AAPL trades at 115 for 30 seconds
    Then the position in AAPL is closed with the reason TAKE_PROFIT

  Scenario: The trader closes one, then everything
    Given positions in AAPL and MSFT
    When the trader closes the position in AAPL
    Then the position in AAPL is closed with the reason MANUAL
    When the trader flattens
    Then the position in MSFT is closed with the reason FLATTEN

  Scenario: Somebody closed it in TWS
    Given a position in AAPL, opened at 100 with an ATR of 2
    When the spread is sold in TWS by hand
    And 30 seconds pass
    Then the position in AAPL is closed with the reason OUTSIDE
    And no exit was sent

  Scenario: Halted, the exit waits and the trader is told
    Given a position in AAPL, opened at 100 with an ATR of 2
    When AAPL is halted
    And AAPL trades at 95.5 for 60 seconds
    Then the position in AAPL is open
    And the trader is told CRITICAL that "AAPL is HALTED"
