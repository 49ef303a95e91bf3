Feature: Bounds of one approval
  An approval is a contract: what it may pay, how far the underlying may move, until when. The trader
  may tighten it for one spread, and what is shown is what is approved.

  Scenario: A tighter debit and an earlier end
    Given the window stands at 14:00 on a normal day with the candidate of AAPL shown
    When the trader bounds it to a cent less and to 15:00
    Then the ticket shows these bounds, and its button the debit
    When the trader approves it
    Then the waiting order of AAPL tells these bounds
    And unsent at 15:00 it is EXPIRED
