Feature: The doctor says what keeps the station from TWS, and where to mend it
  `vst doctor` and the first-run wizard look at the four ports of TWS and Gateway at once, and
  name the menu of the program that stands there.

  Scenario: A TWS that is ready
    Given a TWS that is ready
    When the doctor looks
    Then it finds nothing wrong

  Scenario: Nobody listens
    Given no TWS
    When the doctor looks
    Then it finds NOT_RUNNING
    And it says to go to "File > Global Configuration > API > Settings" for 'Socket port'

  Scenario: The API is switched off
    Given a TWS that closes every connection before the handshake
    When the doctor looks
    Then it finds API_DISABLED
    And it says to go to "File > Global Configuration > API > Settings" for 'Enable ActiveX and Socket Clients'

  Scenario: The API is read-only
    Given a TWS whose API is read-only
    When the doctor looks
    Then it finds READ_ONLY
    And it says to go to "File > Global Configuration > API > Settings" for 'Read-Only API'

  Scenario: Another program has the client id
    Given a TWS to which another program is connected with the station's client id
    When the doctor looks
    Then it finds CLIENT_ID_TAKEN
    And it says to go to "broker.client_id" for a number of its own

  Scenario: The user has no option data
    Given a TWS whose user has no option data
    When the doctor looks
    Then it finds NO_OPTION_DATA
    And it says to go to "Client Portal > Settings" for OPRA

  Scenario: A live account where paper is meant
    Given a TWS that is logged in to U7654321
    When the doctor looks
    Then it finds WRONG_ACCOUNT
    And it says to go to "File > Log Out" for the account

  Scenario: This computer's clock is wrong
    Given a TWS that is ready
    And a computer whose clock is 40 s slow
    When the doctor looks
    Then it finds CLOCK_SKEW
    And it says to go to "this computer's clock" for network time
