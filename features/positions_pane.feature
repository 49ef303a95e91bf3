Feature: The positions in the window
  What is held is closed the way the trader chooses, and watched by the exits that the trader sets.
  Nothing is sent or changed before a question that names it has been answered.

  Scenario: Closing now
    Given the window shows a position in AAPL
    When the trader asks to close AAPL
    Then the question names a market order and a ladder, each with its result
    When the trader closes now
    Then AAPL is closed by hand with a market order

  Scenario: Closing by the ladder
    Given the window shows a position in AAPL
    When the trader asks to close AAPL
    And closes by the ladder
    Then a limit order that walks down closes AAPL

  Scenario: Keeping it
    Given the window shows a position in AAPL
    When the trader asks to close AAPL
    And presses Escape in the question
    Then nothing was sent to close AAPL

  Scenario: Another stop
    Given the window shows a position in AAPL
    When the trader sets the stop of AAPL 1 % below the price and takes the target away
    Then the table of positions shows that stop and no target
    And the journal tells what the trader changed

  Scenario: A stop that would close at once
    Given the window shows a position in AAPL
    When the trader types a stop of AAPL above the price
    Then the dialog says that it would close the position at once, and offers no change
