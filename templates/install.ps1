# Installs git-smp @VERSION@ for you alone: the program, and next to it the completions and the manual's source.
#
# It downloads the archive for this machine and SHA256SUMS from the release. Nothing of the archive is unpacked or run before
# its checksum is right. GIT_SMP_BIN names another folder, GIT_SMP_DOWNLOADS another place of the release.
& {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $version = '@VERSION@'
    $downloads = if ($env:GIT_SMP_DOWNLOADS) { $env:GIT_SMP_DOWNLOADS } else { "@REPOSITORY@/releases/download/$version" }
    $folder = if ($env:GIT_SMP_BIN) { $env:GIT_SMP_BIN } else { Join-Path $env:LOCALAPPDATA 'Programs\git-smp' }

    # A 32-bit PowerShell names the machine in the second variable.
    $machine = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
    if ($machine -ne 'AMD64') {
        throw "There is no archive for Windows on '$machine'. Build it instead: cargo install --locked git-smp"
    }
    $name = "git-smp-$version-x86_64-pc-windows-msvc"

    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        foreach ($file in 'SHA256SUMS', "$name.zip") {
            Invoke-WebRequest -UseBasicParsing -Uri "$downloads/$file" -OutFile (Join-Path $work $file)
        }
        $lines = @(Get-Content (Join-Path $work 'SHA256SUMS') | Where-Object { ($_ -split '\s+', 2)[1] -eq "$name.zip" })
        if ($lines.Count -ne 1) { throw "SHA256SUMS of the release does not name $name.zip; nothing was installed" }
        $expected = ($lines[0] -split '\s+', 2)[0]
        $found = (Get-FileHash -Algorithm SHA256 (Join-Path $work "$name.zip")).Hash
        if ($found -ne $expected) {
            throw "The checksum of $name.zip is wrong; nothing was installed. Expected $expected, received $found"
        }

        Expand-Archive -Path (Join-Path $work "$name.zip") -DestinationPath $work
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
        Copy-Item -Recurse -Force -Path (Join-Path $work "$name\*") -Destination $folder
    } finally {
        Remove-Item -Recurse -Force $work
    }

    Write-Output "git-smp $version is installed: $(Join-Path $folder 'git-smp.exe')"
    if (($env:Path -split ';') -notcontains $folder) {
        Write-Output "git finds it when PATH has that folder. Run this line, then open a new terminal:"
        Write-Output "[Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$folder', 'User')"
    }
    Write-Output 'next, in your repository: git smp setup'
}
