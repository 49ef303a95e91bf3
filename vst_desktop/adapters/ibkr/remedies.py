"""Where in TWS, Gateway or the client portal each trouble is mended."""

from __future__ import annotations

from dataclasses import dataclass

from vst_desktop.domain.diagnosis import Finding, Trouble

PORTAL_DATA = "Client Portal > Settings > Account Settings > Market Data Subscriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """TWS or Gateway as the user started it, with the port it has by default."""

    name: str
    gateway: bool
    paper: bool
    port: int

    @property
    def settings(self) -> str:
        """The way to the API settings in its menus."""
        way = "Configure > Settings" if self.gateway else "File > Global Configuration"
        return f"{way} > API > Settings"


PROGRAMS = (
    Program(name="TWS paper", gateway=False, paper=True, port=7497),
    Program(name="TWS live", gateway=False, paper=False, port=7496),
    Program(name="Gateway paper", gateway=True, paper=True, port=4002),
    Program(name="Gateway live", gateway=True, paper=False, port=4001),
)


def program_on(port: int) -> Program:
    """The program whose default port this is; on other ports, TWS's menus are named."""
    named = {program.port: program for program in PROGRAMS}
    return named.get(port) or Program(name="TWS", gateway=False, paper=True, port=port)


def finding(trouble: Trouble, detail: str, program: Program) -> Finding:
    """The trouble with its remedy for that program."""
    return Finding(trouble=trouble, detail=detail, remedy=_remedy(trouble, program))


def _remedy(trouble: Trouble, program: Program) -> str:
    settings = program.settings
    start = "IB Gateway" if program.gateway else "TWS"
    # Gateway has no such switch: its API is always on
    switch = "" if program.gateway else "tick 'Enable ActiveX and Socket Clients' and "
    data_sharing = (
        "; a paper account gets the live user's data by Client Portal > Settings > Account "
        "Settings > Paper Trading Account > Share real-time market data"
        if program.paper
        else ""
    )
    return {
        Trouble.NOT_RUNNING: f"start {start} and log in; {settings}: {switch}set 'Socket port' "
        f"to {program.port}, or broker.port to what stands there",
        Trouble.API_DISABLED: f"{settings}: {switch}add this machine's address to 'Trusted IPs', "
        "or untick 'Allow connections from localhost only' when it is another machine",
        Trouble.API_SILENT: f"look at the window of {start}: it may wait for a login, or ask "
        f"whether to accept the connection; {settings}: add this machine's address to "
        "'Trusted IPs' and it asks no more",
        Trouble.OTHER_PROGRAM: f"end the program on port {program.port}, or give {start} another "
        f"port in {settings}: 'Socket port', and the same in broker.port",
        Trouble.OLD_VERSION: f"install the stable {start} from IBKR's download page "
        "(Help > About shows the version that runs)",
        Trouble.CLIENT_ID_TAKEN: "end the other program or the station's other window; or set "
        f"broker.client_id to a number of its own ({settings}: not the 'Master API client ID'). "
        f"After a crash {start} may hold the id for half a minute",
        Trouble.NO_LOGIN: f"look at the window of {start}: it may still log in or show a dialog",
        Trouble.READ_ONLY: f"{settings}: untick 'Read-Only API', then Apply",
        Trouble.WRONG_ACCOUNT: f"log {start} in to the account you mean (File > Log Out), or set "
        "broker.account and broker.allowed_accounts, or the port of the other program",
        Trouble.NO_STOCK_DATA: f"{PORTAL_DATA}: subscribe to US stock data, and sign the Market "
        f"Data API Acknowledgement there{data_sharing}",
        Trouble.NO_OPTION_DATA: f"{PORTAL_DATA}: subscribe to OPRA (US Options Exchanges), and "
        f"sign the Market Data API Acknowledgement there{data_sharing}",
        Trouble.DELAYED_DATA: f"{PORTAL_DATA}: subscribe to live data; delayed quotes are shown, "
        f"and orders on them are refused{data_sharing}",
        Trouble.DATA_ELSEWHERE: "log out of the other TWS, Gateway, Client Portal or phone "
        "session of this user, or give the station a user of its own",
        Trouble.CLOCK_SKEW: "set this computer's clock by network time (Linux: timedatectl "
        "set-ntp true; Windows: Settings > Time & language > Date & time > Sync now; macOS: "
        "System Settings > General > Date & Time > Set automatically)",
    }[trouble]
