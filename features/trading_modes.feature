Feature: Each trading mode has its own order
  PAPER trades at the exact market; LIVE asks for a better price and never sends a market order.

  @S10
  Scenario: PAPER sends a market order without price improvement
    Given a paper account at 15:30 on a normal day with a LONG candidate for AAPL
    When the trader approves AAPL
    Then a market order is sent for AAPL
    And it fills at the exact natural price

  @S11
  Scenario: LIVE sends a limit order that improves on the market
    Given a live account, armed, at 15:30 on a normal day with a LONG candidate for MSFT
    And a price improvement factor of 0.4
    When the trader approves MSFT
    Then a limit order is sent for MSFT
    And its price lies between bid and ask, 0.4 of the way up from the bid

  Scenario: LIVE that is not armed sends nothing
    Given a live account, not armed, at 15:30 on a normal day with a LONG candidate for MSFT
    When the trader approves MSFT
    Then the approval is refused because LIVE is disarmed
    And nothing was sent to the broker

  Scenario: Arming needs the account id, typed
    Given a live account, not armed, at 15:30 on a normal day with a LONG candidate for MSFT
    When the trader arms with a wrong account id
    Then arming is refused
