Feature: After a crash the book is compared with the broker's before anything is sent
  Nothing is lost and nothing is sent twice; what is not known is UNKNOWN until the trader answers.

  Scenario: An order that worked and was filled while the station was down
    Given limit orders that rest in AAPL, MSFT and NFLX
    When the station crashes
    And the resting orders are filled in TWS
    And the station comes up
    Then positions stand in AAPL, MSFT and NFLX with their exit plans
    And TWS has seen 3 orders of the station

  Scenario: An order that still works is adopted
    Given limit orders that rest in AAPL, MSFT and NFLX
    When the station crashes and comes up again
    Then the three approvals are WORKING
    And TWS has seen 3 orders of the station

  Scenario: An order that was cancelled while the station was down
    Given limit orders that rest in AAPL, MSFT and NFLX
    When the station crashes
    And the resting orders are cancelled in TWS
    And the station comes up
    Then the three approvals are CANCELLED
    And no position stands

  Scenario: What waited is held
    Given the station stands at 2023-11-07 11:15
    And approvals of AAPL and MSFT that wait
    When the station crashes and comes up again
    Then the approvals are HELD and nothing was sent
    When the trader releases them
    Then the approvals are QUEUED and nothing was sent

  Scenario: A position sold by hand while the station was down
    Given a position in AAPL, opened at 100 with an ATR of 2
    When the station crashes
    And the spread is sold in TWS by hand
    And the station comes up
    And 30 seconds pass
    Then the position in AAPL was closed outside, and no exit was sent

  Scenario: An order that never arrived is UNKNOWN and not sent again
    Given TWS is frozen
    When the trader approves AAPL on the desk
    And 30 seconds pass
    And TWS has forgotten all and answers again
    Then the approval of AAPL on the desk is UNKNOWN
    And TWS has seen 0 orders of the station
    When the trader answers that AAPL is not at the broker
    Then the approval of AAPL on the desk is CANCELLED
    And TWS has seen 0 orders of the station

  Scenario: A stop that was met while the station was down goes out after it came up
    Given a position in AAPL, opened at 100 with an ATR of 2
    When the station crashes
    And AAPL trades at 95.5 for 15 seconds
    And the station comes up
    And 30 seconds pass
    Then the position in AAPL is closed in the end
