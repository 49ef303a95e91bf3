Feature: A scan can be trusted, whatever becomes of the bars and of the scanner
  A bar that cannot be is named with its date. What looks wrong and may be right is said, and
  scanned. The scanner is a process of its own: when it dies, the scan goes on.

  Scenario: A bad bar keeps its symbol out, and is named
    Given a file of bars of AAA, BBB and CCC
    And the bar 2023-03-15 of BBB has a high below its low
    When the file is scanned
    Then AAA and CCC are scanned
    And it says of BBB "bar 2023-03-15: high 1 is below low"

  Scenario: With door_policy skip_bar the bad bar alone is left out
    Given a file of bars of AAA, BBB and CCC
    And the bar 2023-03-15 of BBB has a high below its low
    When the file is scanned with the setting bars.door_policy=skip_bar
    Then AAA, BBB and CCC are scanned
    And it warns of BBB "bar 2023-03-15: high 1 is below low"
    And it warns of BBB "1 session missing: 2023-03-15"

  Scenario: A missing session and a jump like a split are said and scanned
    Given a file of bars of AAA, BBB and CCC
    And the bar 2023-03-15 of AAA is missing
    And the prices of CCC are halved from 2023-03-15 on
    When the file is scanned
    Then AAA, BBB and CCC are scanned
    And it warns of AAA "1 session missing: 2023-03-15"
    And it warns of CCC "looks like a 2:1 split"

  Scenario: The scanner is killed in mid-scan
    Given the station stands at 15:05 on some day
    When the station scans
    And the scanner is killed while the station scans
    Then the scan found the same
    And another scanner answered
    And the trader is told "it was lost (it ended with code -9) and is back after"

  Scenario: The scanner keeps dying
    Given the station stands at 15:05 on some day
    When the station scans
    And the scanner dies five times within a minute
    And the station scans again
    Then the scan found the same
    And this process answered
    And the trader is told "scans run in-process, slower"
