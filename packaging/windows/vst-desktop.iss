; The Windows installer, by Inno Setup 6, of build\frozen\vst-desktop:
;   iscc /DVersion=0.1.0 packaging\windows\vst-desktop.iss
; Unproven: built by the release workflow, not yet run on a Windows desktop by anybody here.
; Settings, journal and logs lie in the user's own folders and survive an uninstall.

#ifndef Version
  #error name the version: /DVersion=1.2.3
#endif

[Setup]
AppId={{6C3C2B5E-5B0F-4C8E-9B53-8E5B2A4C7D10}
AppName=Vertical Spread Trader Station
AppVersion={#Version}
AppPublisher=Vertical Spread Trader Station developers
DefaultDirName={autopf}\Vertical Spread Trader
DefaultGroupName=Vertical Spread Trader
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
SourceDir=..\..
OutputDir=dist
OutputBaseFilename=vst-desktop-{#Version}-windows-x64
SetupIconFile=build\icons\vst-desktop.ico
UninstallDisplayIcon={app}\vst-desktop.exe
LicenseFile=LICENSE
Compression=lzma2/max
SolidCompression=yes
CloseApplications=yes
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[InstallDelete]
; What an older version brought and this one does not must not be imported.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "build\frozen\vst-desktop\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\Vertical Spread Trader"; Filename: "{app}\vst-desktop.exe"
Name: "{autodesktop}\Vertical Spread Trader"; Filename: "{app}\vst-desktop.exe"; Tasks: desktopicon

[Run]
Filename: "{app}\vst-desktop.exe"; Description: "{cm:LaunchProgram,Vertical Spread Trader}"; Flags: nowait postinstall skipifsilent
