Feature: What is tested is what is traded
  The lab plays history with the station's own rules, says how far its prices can be trusted, and
  reports its gates without ever bending a figure to pass one.

  @S18
  Scenario: HIGH_BASE on SPY in 2023 is held against the gates
    Given the lab with bars of SPY from 2023-01-01 to 2023-12-31
    When HIGH_BASE is played with max_spread_cost=1000
    Then trades were made
    And the report has win_rate, average_win, average_loss, profit_factor, max_drawdown and sharpe
    And win_rate is held against 0.5, profit_factor against 1.5, max_drawdown against 0.15 and sharpe against 1.0
    And the average win is held against the average loss
    And each gate says what its figure says, passed or not

  Scenario: A limit that admits no spread is named, with the setting that would admit one
    Given the lab with bars of SPY from 2023-01-01 to 2023-12-31
    When HIGH_BASE is played as the settings stand
    Then no trade was made, and it ended well
    And it says that rule cost stopped them and which max_spread_cost would admit some
    And with that setting trades are made

  Scenario: The owner's flat model
    Given the lab with bars of SPY from 2023-01-01 to 2023-12-31
    When HIGH_BASE is played with fixed prices
    Then trades were made
    And the first line of the report names fixed prices

  @S19
  Scenario: Four strategies on ten symbols are ranked
    Given the lab with bars of ten symbols from 2019-01-01 to 2019-12-31
    When all four strategies are played
    Then they are ranked from 1 to 4, the best first
    And a report stands alone in its folder and shows the ranking

  @S20
  Scenario: Sets of settings for BULL_PULLBACK on QQQ in 2023
    Given the lab with bars of QQQ from 2023-01-01 to 2023-12-31
    When bull_pullback_rsi_threshold 45, 50 and 55 are tried with stop_loss_atr_mult 1.5, 2 and 3
    Then the best values are named
    And the figures of all 9 sets are shown
    And the walk-forward says whether the best holds on sessions it was not chosen on
