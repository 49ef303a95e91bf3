Feature: Every refusal of an entry names its code, the limit and the value
  Refused at the click where the reason is known then, at the send where it appears later.

  Scenario Outline: Refused at the click
    Given <trouble>
    When the trader approves AAPL on the desk
    Then it is refused with <code>
    And TWS has seen no new order

    Examples:
      | trouble                                  | code                 |
      | one position at most, and one held       | MAX_POSITIONS        |
      | one trade a day, and one done            | DAILY_TRADES         |
      | the day's loss has reached its limit     | DAILY_LOSS           |
      | total risk of 0.6 percent, and MSFT held | TOTAL_RISK           |
      | a position in AAPL is held               | DUPLICATE_UNDERLYING |
      | the kill switch is on                    | KILLED               |
      | TWS is gone                              | DISCONNECTED         |
      | LIVE is not armed                        | DISARMED             |
      | another account is armed                 | ACCOUNT              |
      | the journal's disk is full               | JOURNAL              |
      | a debit above the bound                  | DEBIT_BOUND          |
      | earnings before the time exit            | EVENT                |
      | a risk of 0.1 percent a trade            | SIZE                 |

  Scenario Outline: Refused at the send
    Given the station stands at 2023-11-07 14:30
    And an approval of AAPL that waits
    When <trouble>
    And time passes to 2023-11-07 14:46
    Then the approval of AAPL is denied with <code>
    And TWS has seen no new order

    Examples:
      | trouble                                | code                 |
      | a leg of AAPL is bought by hand        | LEG_OVERLAP          |
      | another spread of AAPL is held by hand | DUPLICATE_UNDERLYING |
      | AAPL falls by 1.5                      | DRIFT                |
      | the spread becomes dearer by 0.40      | DEBIT_BOUND          |
      | the signal is gone                     | SIGNAL               |
      | earnings have become known             | EVENT                |
      | a leg of AAPL has no quote             | STALE_DATA           |
      | the money is spent otherwise           | INSUFFICIENT_FUNDS   |
      | no day trades are left                 | NO_DAY_TRADES        |

  Scenario: LIVE data that are delayed
    Given a LIVE desk, armed, at 2023-11-07 14:30
    And an approval of AAPL that waits
    When the data become delayed
    And time passes to 2023-11-07 14:46
    Then the approval of AAPL is denied with DATA_NOT_LIVE

  Scenario: A halt is waited out
    Given the station stands at 2023-11-07 14:30
    And an approval of AAPL that waits
    When AAPL is halted
    And time passes to 2023-11-07 14:50
    Then the approval of AAPL still waits
    When AAPL trades again
    And time passes to 2023-11-07 14:54
    Then the approval of AAPL still waits
    When time passes to 2023-11-07 14:57
    Then 2 of AAPL are held by the station and by TWS
