#!/usr/bin/env bash
# Starts the product and takes a screenshot of every page in every state that changes it: wide and narrow, light and dark.
#   tests/screenshots.sh            into tests/screenshots
#   tests/screenshots.sh FOLDER     into FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

fail() { printf 'screenshots.sh: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail 'The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download'
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null ||
    fail 'Chromium is missing (Debian: apt-get install chromium), or set CHROMIUM to its path.'

folder=${1:-tests/screenshots}
mkdir -p "$folder"
SCREENSHOTS=$(cd "$folder" && pwd)
export SCREENSHOTS
dotnet build tests/EndToEnd.Tests --configuration Release --verbosity quiet
dotnet test tests/EndToEnd.Tests --configuration Release --no-build --nologo --filter FullyQualifiedName~ScreenshotTests \
    --logger 'console;verbosity=minimal'
printf 'Screenshots: %s\n' "$folder"
