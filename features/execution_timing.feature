Feature: Orders go out inside the entry window only
  The window is the last hour of the session, fifteen minutes earlier with late day entry,
  and ends five minutes before the close.

  @S7
  Scenario: Approved inside the window, executed at once
    Given the station stands at 15:30 on a normal day with a candidate for AAPL
    When the trader approves AAPL
    Then the order for AAPL is executed with a broker order id
    And a position in AAPL stands with its stop and its exit day

  @S8
  Scenario: Approved in the morning, queued
    Given the station stands at 11:15 on a normal day with a candidate for MSFT
    When the trader approves MSFT
    Then the approval of MSFT is queued
    And nothing was sent to the broker

  @S9
  Scenario: The whole queue goes out when the window is open
    Given the station stands at 14:30 on a normal day with three candidates
    When the trader approves all three
    And the clock reaches 15:05
    Then all three orders are executed
    And the queue is empty

  Scenario: On a half day the window opens before the early close
    Given the station stands at 11:30 on a half day with a candidate
    When the trader approves it
    And the clock reaches 12:05
    Then its order is executed

  Scenario: A click on an older revision is refused
    Given the station stands at 15:30 on a normal day with a candidate for AAPL
    When the trader approves a revision of AAPL that is no longer shown
    Then the station refuses and says that it changed
    And nothing was sent to the broker

  Scenario: A withdrawn approval is never sent
    Given the station stands at 14:30 on a normal day with three candidates
    When the trader approves all three
    And the trader withdraws the first
    And the clock reaches 15:05
    Then the first was never sent

  Scenario: The kill switch voids the queue
    Given the station stands at 14:30 on a normal day with three candidates
    When the trader approves all three
    And the trader presses the kill switch
    And the clock reaches 15:05
    Then nothing was sent to the broker
    And no approval can be given until the kill switch is cleared with a reason

  Scenario: An approval of yesterday's run is held after a restart
    Given the station stands at 11:15 on a normal day with a candidate for MSFT
    When the trader approves MSFT
    And the station is restarted
    Then the approval of MSFT is held until the trader releases it

  Scenario: An approval whose signal is gone when the window opens is not sent
    Given the station stands at 14:30 on a day whose signal is gone at 14:45
    When the trader approves it
    And the clock reaches 15:05
    Then its approval has failed because the signal no longer holds
    And nothing was sent to the broker

  Scenario: No more trades than the daily limit are approved
    Given at most 2 trades a day are allowed
    And the station stands at 14:30 on a normal day with three candidates
    When the trader approves the first two
    Then the third is refused with the limit
