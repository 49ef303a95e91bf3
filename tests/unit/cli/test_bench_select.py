import json

from vst_desktop.cli.bench.chains import CONTRACTS, daily_chain, made_chain
from vst_desktop.cli.main import main


def test_made_chains_are_seeded_whole_and_differ():
    assert made_chain(3) == made_chain(3)
    assert made_chain(3).underlying != made_chain(4).underlying
    assert len(made_chain(3).quotes) == len(daily_chain(3).quotes) == CONTRACTS


def test_the_benchmark_reports_its_targets_and_engines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vst_desktop.cli.bench.select.CALLS", 2)
    monkeypatch.setattr("vst_desktop.cli.bench.select.PEER_OPTIONS", 5)
    out = tmp_path / "b.json"
    assert main(["bench", "select", "--chains", "2", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert (found["chains"], found["contracts"]) == (2, CONTRACTS)
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert all(engine["p50_ms"] > 0 for engine in found["engines"])
    assert [target["name"] for target in found["targets"]] == [
        "p50_ms",
        "all_chains_secs",
        "greeks_ms",
    ]
    assert "2 different chains" in capsys.readouterr().out


def test_no_chain_at_all_is_a_usage_error(capsys):
    assert main(["bench", "select", "--chains", "0"]) == 2
    assert "--chains 0" in capsys.readouterr().err
