Feature: The journal in the window
  Every decision and every order can be read back: what happened, when, who did it and why.

  Scenario: What happened stands there, and what happens comes
    Given the window shows a position in AAPL
    When the trader presses Alt+6
    Then the journal shows that the trader approved AAPL
    When the trader presses the kill switch
    Then the journal shows the kill switch by itself

  Scenario: By kind and text
    Given the window shows a position in AAPL
    When the trader presses Alt+6
    And filters the journal by orders and "filled"
    Then every event that the journal shows is of an order and says filled

  Scenario: The story of an order
    Given the window shows a position in AAPL
    When the trader presses Alt+6
    And double-clicks the fill of AAPL
    Then the story goes from the approval to the position, as vst replay tells it

  Scenario: The journal as a table
    Given the window shows a position in AAPL
    When the trader presses Alt+6
    And exports the journal
    Then the file holds every event, each with the mode DEMO
