"""A data folder where a database cannot be safe is told of, loudly."""

from pathlib import Path

import pytest

from bot.file_systems import warning

MOUNTS = """/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/export /mnt/share nfs4 rw,vers=4.2 0 0
//nas/team /mnt/the\\040team cifs rw 0 0
ana@host:/ /home/ana/far fuse.sshfs rw 0 0
tmpfs /mnt/share/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("/srv/earshot/data", ""),
        ("/mnt/share/earshot", "NFS"),
        ("/mnt/the team/data", "a Windows share"),
        ("/home/ana/far/x/data", "SSHFS"),
        ("/mnt/share/local/data", ""),
        ("/home/ana/Dropbox/data", "Dropbox"),
        ("/home/ana/OneDrive - Heron Air/data", "OneDrive"),
        ("/Users/ana/Library/Mobile Documents/data", "iCloud"),
        ("/home/ana/megaphone/data", ""),
    ],
)
def test_the_place_of_the_data_is_judged_by_its_disk_and_its_folders(folder: str, told: str) -> None:
    found = warning(Path(folder), MOUNTS)
    assert told in found
    assert bool(told) == ("Set EARSHOT_DATA" in found)
