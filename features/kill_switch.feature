Feature: The kill switch stops every entry at once
  It cancels working entries, voids the queue and halts entries until it is cleared with a reason.
  Exits are untouched.

  Scenario: Working entries are cancelled within a quarter of a second
    Given limit orders that rest in AAPL, MSFT and NFLX
    When the trader presses the kill switch on the desk
    Then within 0.25 seconds no order of the station works at TWS
    And the three approvals are CANCELLED

  Scenario: The queue is voided and nothing can be approved
    Given the station stands at 2023-11-07 11:15
    And approvals of AAPL and MSFT that wait
    When the trader presses the kill switch on the desk
    Then the approvals are CANCELLED and nothing was sent
    When the trader approves NFLX on the desk
    Then it is refused with KILLED

  Scenario: It survives a crash and is cleared with a reason only
    Given limit orders that rest in AAPL, MSFT and NFLX
    When the trader presses the kill switch on the desk
    And the station crashes and comes up again
    Then clearing it without a reason is refused
    When the trader clears it because "looked at TWS"
    And the trader approves AAPL on the desk
    Then it is not refused

  Scenario: A close under way goes on
    Given a position in AAPL, opened at 100 with an ATR of 2
    And nobody takes more than 1 at a time
    When the trader asks for the close of AAPL
    And the trader presses the kill switch on the desk
    And 60 seconds pass
    Then the position in AAPL is closed in the end

  Scenario: Exits by plan go on while entries are killed
    Given a position in AAPL, opened at 100 with an ATR of 2
    When the trader presses the kill switch on the desk
    And AAPL trades at 95.5 for 15 seconds
    Then the position in AAPL is closed in the end
