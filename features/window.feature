Feature: The window
  The trader works in one window. What it shows is the station's, what is clicked goes there, and
  closing it never hides what stays alive at the broker.

  Scenario: The main job by mouse only
    Given the window stands at 15:10 on a normal day with a candidate for AAPL
    When the trader clicks Scan
    And double-clicks the signal of AAPL
    And clicks the candidate of AAPL
    And clicks Approve
    Then the order of AAPL is filled
    When the trader clicks the tab Positions
    Then the table of positions shows AAPL
    And no key was pressed

  Scenario: The main job by keyboard only
    Given the window stands at 15:10 on a normal day with a candidate for AAPL
    When the trader presses F5 to scan
    And goes to the signals with Alt+1 and to AAPL with the arrow keys
    And presses Ctrl+L to load its chain
    And goes to the candidates with Alt+2 and to AAPL with the arrow keys
    And presses Ctrl+Enter to approve
    Then the order of AAPL is filled
    When the trader presses Alt+3
    Then the table of positions shows AAPL
    And no mouse button was pressed

  Scenario: Two clicks are one order
    Given the window stands at 15:10 on a normal day with a candidate for AAPL
    When the trader clicks Scan
    And double-clicks the signal of AAPL
    And clicks the candidate of AAPL
    And clicks Approve twice
    Then the order of AAPL is filled
    And one order was sent

  Scenario: The mode is on everything
    Given the window stands at 15:10 on a normal day with a candidate for AAPL
    When the trader clicks Scan
    Then title, strip and every table's export say DEMO

  Scenario: Leaving names what stays
    Given the window stands at 14:00 on a normal day with a candidate for AAPL
    When the trader clicks Scan
    And double-clicks the signal of AAPL
    And clicks the candidate of AAPL
    And clicks Approve
    And closes the window
    Then a question names the approval of AAPL that waits, and the window stands

  Scenario: The layout is what it was
    Given the window stands at 14:00 on a normal day with a candidate for AAPL
    When the trader chooses the workspace Monitor
    And the window is opened again
    Then the workspace is Monitor

  Scenario: A layout file of junk
    Given the layout file holds junk
    And the window stands at 14:00 on a normal day with a candidate for AAPL
    Then the workspace is Trade
    And the junk was put aside

  Scenario: The first steps write what was chosen at their end, and tell the journal
    Given the window stands at 10:00 on a normal day with a candidate for AAPL
    When the trader opens the first steps with Ctrl+Shift+W
    And chooses PAPER there and goes on to their end
    Then no settings were written
    When the trader clicks Finish
    Then the settings file sets execution.trading_mode to PAPER
    And the journal tells the change as the trader's

  Scenario: Leaving the first steps changes nothing
    Given the window stands at 10:00 on a normal day with a candidate for AAPL
    When the trader opens the first steps with Ctrl+Shift+W
    And chooses PAPER there and goes on to their end
    And presses Escape
    Then no settings were written
    And the window stands without the first steps
