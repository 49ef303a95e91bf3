Feature: A demo can be made to fail, to see what the station does

  Scenario: The servers are lost and come back
    Given the station stands at 15:10 on a normal day with a candidate for AAPL
    When the fault "drop_upstream" is drilled
    Then the strip says that "drop_upstream" is on
    And the light of IBKR is not green
    When the trader approves AAPL
    Then no order of AAPL has reached the broker
    When all faults end
    Then the strip says that no fault is on
    And the light of IBKR is green again

  Scenario: A name that is none is refused with those that are near
    Given the station stands at 14:00 on a normal day with a candidate for AAPL
    When the fault "drop_upsteam" is drilled
    Then the trader reads "did you mean drop_upstream"

  Scenario: A fault that ends by itself is shown as ended
    Given the station stands at 14:00 on a normal day with a candidate for AAPL
    When the fault "farm_flaps" is drilled
    Then the strip says that no fault is on
