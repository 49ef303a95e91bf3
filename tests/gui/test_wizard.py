"""The first steps: real children of the window, TWS's simulator, a keyring in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWizard
from pytestqt.qtbot import QtBot

from tests.gui.conftest import OpenStage, Stage
from tests.helpers.alert_servers import http_service
from tests.helpers.recording_station import refusal
from tests.helpers.sample_view import sample_view
from vst_desktop.domain.orders import Mode
from vst_desktop.gui.dialogs.wizard import Wizard
from vst_desktop.gui.dialogs.wizard_pages import Steps
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.runtime.program import console

_RING = '''
import json, os
from pathlib import Path
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    """Keeps secrets in a file, for a test."""
    priority = 1
    file = Path(os.environ["RING"])

    def get_password(self, service, name):
        return json.loads(self.file.read_text()).get(name) if self.file.exists() else None

    def set_password(self, service, name, value):
        self.file.write_text(json.dumps({name: value}))
'''


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring for children: the file it writes."""
    (tmp_path / "file_ring.py").write_text(_RING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "file_ring.Ring")
    monkeypatch.setenv("RING", str(tmp_path / "ring.json"))
    return tmp_path / "ring.json"


@contextmanager
def simulator(account: str) -> Iterator[int]:
    """A simulator that plays TWS with this account: its port."""
    command = [*console(), "sim", "--child", "--speed", "0", "--accounts", account]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        yield int(child.stdout.readline().split("|")[2])
    finally:
        child.stdin.close()
        child.wait(20)
        child.stdout.close()


def opened(stage: Stage, **own: object) -> Wizard:
    stage.station.preferences.file = {key.replace("__", "."): v for key, v in own.items()}
    stage.window.commands.actions["wizard"].trigger()
    wizard = stage.window.findChild(Wizard)
    assert wizard is not None
    return wizard


def press(wizard: Wizard, which: QWizard.WizardButton, stage: Stage) -> None:
    wizard.button(which).click()
    stage.settle()


def is_gone(stage: Stage) -> bool:
    return stage.window.findChild(Wizard) is None


def step(wizard: Wizard) -> Steps:
    return Steps(wizard.currentId())


def test_the_demo_is_one_click_and_writes_nothing(stage: Stage) -> None:
    wizard = opened(stage)
    assert (step(wizard), wizard.mode.mode) == (Steps.MODE, Mode.DEMO)
    finish = wizard.button(QWizard.WizardButton.FinishButton)
    assert finish.isEnabled() and finish.text().replace("&", "") == "Use the demo"
    press(wizard, QWizard.WizardButton.FinishButton, stage)
    assert stage.station.named("change_settings") == []
    assert is_gone(stage)


def test_a_demo_needs_no_connection_and_every_step_can_be_skipped(stage: Stage) -> None:
    wizard = opened(stage)
    seen = [step(wizard)]
    while step(wizard) is not Steps.SUMMARY:
        press(wizard, QWizard.WizardButton.NextButton, stage)
        seen.append(step(wizard))
    assert seen == [Steps.MODE, Steps.RISK, Steps.ALERTS, Steps.SUMMARY]
    assert "Nothing is changed" in wizard.summary.list.text()


def test_finish_writes_what_was_chosen_and_only_that(stage: Stage) -> None:
    wizard = opened(stage)
    wizard.mode.choose(Mode.PAPER)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.connection.preset.setCurrentIndex(3)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.account.rows["broker.account"].set_text("DU1234567")
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.risk.rows["risk.risk_per_trade"].set_text("0.01")
    assert "at most $1,013 lost in a trade" in wizard.risk.consequence.text()
    for _ in range(2):
        press(wizard, QWizard.WizardButton.NextButton, stage)
    assert step(wizard) is Steps.SUMMARY
    assert "execution.trading_mode: default → PAPER" in wizard.summary.list.text()
    assert stage.station.named("change_settings") == []
    press(wizard, QWizard.WizardButton.FinishButton, stage)
    assert stage.station.named("change_settings") == [
        (
            {
                "execution.trading_mode": "PAPER",
                "broker.port": 4002,
                "broker.account": "DU1234567",
                "risk.risk_per_trade": 0.01,
            },
        )
    ]
    assert is_gone(stage)
    assert "next start" in stage.window.banner.text


def test_back_keeps_what_was_typed_and_cancel_writes_nothing(stage: Stage) -> None:
    wizard = opened(stage)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.risk.rows["risk.max_positions"].set_text("3")
    press(wizard, QWizard.WizardButton.NextButton, stage)
    press(wizard, QWizard.WizardButton.BackButton, stage)
    assert wizard.risk.rows["risk.max_positions"].text == "3"
    press(wizard, QWizard.WizardButton.CancelButton, stage)
    assert stage.station.named("change_settings") == [] and is_gone(stage)


def test_a_wrong_value_is_told_beside_it_and_holds_the_step(stage: Stage) -> None:
    wizard = opened(stage)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.risk.rows["risk.risk_per_trade"].set_text("2")
    assert "less than or equal to 1" in wizard.risk.rows["risk.risk_per_trade"].error
    assert not wizard.button(QWizard.WizardButton.NextButton).isEnabled()
    assert wizard.risk.consequence.text() == ""


def test_a_refused_save_keeps_the_wizard_open(stage: Stage) -> None:
    wizard = opened(stage)
    stage.station.refuse = refusal("the disk is full")
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.risk.rows["risk.max_positions"].set_text("3")
    for _ in range(2):
        press(wizard, QWizard.WizardButton.NextButton, stage)
    press(wizard, QWizard.WizardButton.FinishButton, stage)
    assert wizard.isVisible() and "the disk is full" in wizard.summary.banner.text
    press(wizard, QWizard.WizardButton.FinishButton, stage)
    assert is_gone(stage)


def test_the_check_is_the_doctors_and_offers_the_accounts_it_found(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    wizard = opened(stage)
    wizard.mode.choose(Mode.PAPER)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    with simulator("DU7654321") as port:
        wizard.connection.rows["broker.port"].set_text(str(port))
        with qtbot.waitSignal(wizard.connection.child.ended, timeout=60_000):
            wizard.connection.check.click()
            assert wizard.connection.check.text() == "Stop"
    told = [label.text() for label in wizard.connection.found]
    assert any(line.startswith("✓ scanner") for line in told), wizard.connection.banner.text
    assert any(f" {port}: " in line for line in told), told
    press(wizard, QWizard.WizardButton.NextButton, stage)
    (offer,) = wizard.account.offers
    offer.click()
    assert wizard.account.rows["broker.account"].text == "DU7654321"


def test_a_check_can_be_stopped(stage: Stage) -> None:
    wizard = opened(stage)
    wizard.mode.choose(Mode.PAPER)
    press(wizard, QWizard.WizardButton.NextButton, stage)
    wizard.connection.check.click()
    assert wizard.connection.child.runs
    wizard.connection.check.click()
    assert not wizard.connection.child.runs and wizard.connection.check.text() == "Check"


def test_an_address_goes_into_the_keyring_alone_and_a_test_is_sent_by_it(
    stage: Stage, qtbot: QtBot, ring: Path
) -> None:
    wizard = opened(stage)
    channel = wizard.alerts.channels["email"]
    assert channel.address.echoMode() is QLineEdit.EchoMode.Password
    with http_service() as service:
        address = f"json://127.0.0.1:{service.port}/canary"
        channel.address.setText(address)
        with qtbot.waitSignal(channel.child.ended, timeout=30_000):
            channel.keep.click()
        assert (channel.outcome.text(), channel.address.text()) == ("kept in the keyring", "")
        assert json.loads(ring.read_text(encoding="utf-8")) == {"alerts_email": address}
        assert "canary" not in str(wizard.changes())
        with qtbot.waitSignal(channel.child.ended, timeout=30_000):
            channel.test.click()
    assert channel.outcome.text() == "sent"
    assert ["Test of the alert channels" in post.body for post in service.posts] == [True]


def test_an_address_that_is_none_is_refused_with_a_sentence(
    stage: Stage, qtbot: QtBot, ring: Path
) -> None:
    channel = opened(stage).alerts.channels["slack"]
    channel.keep.click()
    assert channel.outcome.text() == "Type the address first."
    channel.address.setText("canary")
    with qtbot.waitSignal(channel.child.ended, timeout=30_000):
        channel.keep.click()
    assert channel.outcome.text() and "canary" not in channel.outcome.text()
    assert not ring.exists()


def test_every_input_of_every_step_has_a_name_and_a_tooltip(stage: Stage) -> None:
    wizard = opened(stage)
    inputs = [*wizard.findChildren(QAbstractButton), *wizard.findChildren(QLineEdit)]
    shown = [
        one
        for one in inputs
        if not one.objectName().startswith(("qt_", "__qt")) and not isinstance(one.parent(), Banner)
    ]
    assert len(shown) > 30
    bare = [one for one in shown if not one.accessibleName() or not one.toolTip()]
    assert [(one.objectName(), one.text()) for one in bare] == []


def test_it_opens_without_a_station_and_writes_the_file(
    open_stage: OpenStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    stage = open_stage(sample_view())
    stage.bridge.detach()
    stage.window.commands.actions["wizard"].trigger()
    wizard = stage.window.findChild(Wizard)
    assert wizard is not None
    wizard.mode.choose(Mode.PAPER)
    for _ in range(5):
        press(wizard, QWizard.WizardButton.NextButton, stage)
    press(wizard, QWizard.WizardButton.FinishButton, stage)
    qtbot.waitUntil(lambda: is_gone(stage))
    (file,) = tmp_path.rglob("settings.toml")
    assert 'trading_mode = "PAPER"' in file.read_text(encoding="utf-8")
