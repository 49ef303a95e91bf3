Feature: The lab
  The trader asks history before the market: the same rules, the same code, no orders. A run is a
  process of its own, shows how far it is, and can be ended at any time.

  Background:
    Given the window stands at 10:00 on a normal day with a candidate for AAPL
    And a file of daily bars of two stocks

  Scenario: A backtest and its trades
    When the trader opens the lab with Ctrl+Shift+B
    And plays HIGH_BASE over the file
    Then equity, drawdown and every trade are shown
    And a click on a trade shows it on its bars
    And the export of the trades says BACKTEST
    And no order was sent

  Scenario: Two settings beside each other
    When the trader opens the lab with Ctrl+Shift+B
    And searches min_reward_risk=1,1.5 and r_multiple_target=1,2
    Then a heat map shows 4 sets with the verdict of the walk-forward
    And no order was sent

  Scenario: A run is ended
    When the trader opens the lab with Ctrl+Shift+B
    And begins to play the file and cancels
    Then the lab says that it was cancelled and can play again
    And the station goes on
