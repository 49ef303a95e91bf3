Feature: Parts, late fills and cancels end in the right position
  Every execution counts once; a position is what was filled, no more and no less.

  Scenario: Filled in parts
    Given nobody takes more than 1 at a time
    When the trader approves 3 of AAPL on the desk
    And 20 seconds pass
    Then 3 of AAPL are held by the station and by TWS

  Scenario: A part is filled, the rest is cancelled
    Given limit orders of 3 that rest in AAPL
    When 2 of AAPL are filled in TWS
    And the resting orders are cancelled in TWS
    Then 2 of AAPL are held by the station and by TWS
    And the approval of AAPL on the desk is CANCELLED

  Scenario: A close in parts leaves nothing
    Given a position in AAPL, opened at 100 with an ATR of 2
    And nobody takes more than 1 at a time
    When the trader asks for the close of AAPL
    And 20 seconds pass
    Then 0 of AAPL are held by the station and by TWS

  Scenario: A part is sold by hand, the exit sells the rest and no more
    Given a position in AAPL, opened at 100 with an ATR of 2
    When 1 of AAPL is sold in TWS by hand
    And the trader asks for the close of AAPL
    And 20 seconds pass
    Then 0 of AAPL are held by the station and by TWS
