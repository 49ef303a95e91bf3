Feature: Earnings and dividends stand between a signal and an order
  The trader keeps the dates in a file; what nobody knows is shown as unknown.

  Scenario: A spread that would be held over earnings is denied and stays in the list
    Given the station stands at 15:05 on a normal day with a candidate for MSFT
    And the events file says that MSFT tells its earnings in 3 days
    When the trader approves MSFT
    Then the station refuses and names the earnings
    And MSFT stays in the list as denied by EVENT
    And nothing was sent to the broker

  Scenario: Earnings may be warned of instead
    Given the station stands at 15:05 on a normal day with a candidate for MSFT
    And the events file says that MSFT tells its earnings in 3 days
    And the earnings policy is warn
    When the trader approves MSFT
    Then the order for MSFT is sent

  Scenario: Unknown is shown as unknown and does not stop the trade
    Given the station stands at 15:05 on a normal day with a candidate for MSFT
    When MSFT is looked at
    Then its ticket says that earnings and dividend are unknown
    And MSFT can be approved

  Scenario: Earnings that become known after the approval stop the order at its send
    Given the station stands at 14:30 on a normal day with a candidate for MSFT
    And an events file without MSFT
    When the trader approves MSFT
    And the events file says that MSFT tells its earnings in 3 days
    And the station scans
    And the clock reaches 15:05
    Then the order for MSFT failed because of the earnings

  Scenario: A line of the file that cannot be read is an alert
    Given the station stands at 15:05 on a normal day with a candidate for MSFT
    And the events file has a line "MSFT,earnings,next week"
    When MSFT is looked at
    Then an alert names the line
    And its ticket says that earnings and dividend are unknown
