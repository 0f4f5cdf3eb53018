"""Where a database must not stand: on a disk of another machine, or in a folder that a program copies to the cloud.

SQLite's locks do not hold across a network (https://www.sqlite.org/faq.html#q5), and a program that copies the file
while it is written copies a torn one.
"""

from pathlib import Path

_FAR = {
    "nfs": "NFS", "nfs4": "NFS", "cifs": "a Windows share", "smb3": "a Windows share", "smbfs": "a Windows share",
    "fuse.sshfs": "SSHFS", "fuse.rclone": "rclone", "fuse.s3fs": "S3", "fuse.gcsfuse": "Google Cloud", "9p": "9p",
    "afs": "AFS", "ceph": "Ceph", "glusterfs": "GlusterFS", "fuse.glusterfs": "GlusterFS", "davfs": "WebDAV",
    "fuse.davfs2": "WebDAV", "ncpfs": "NetWare", "virtiofs": "virtiofs", "vboxsf": "a VirtualBox folder",
}  # fmt: skip
_SYNCED = {
    "dropbox": "Dropbox", "onedrive": "OneDrive", "google drive": "Google Drive", "googledrive": "Google Drive",
    "nextcloud": "Nextcloud", "owncloud": "ownCloud", "icloud drive": "iCloud", "com~apple~clouddocs": "iCloud",
    "mobile documents": "iCloud", "box sync": "Box", "syncthing": "Syncthing", "mega": "MEGA", "pcloud": "pCloud",
}  # fmt: skip
_MOUNTS = Path("/proc/mounts")


def warning(folder: Path, mounts: str | None = None) -> str:
    """Why the data should not stand there, in one sentence with what to do; "" when nothing speaks against it.

    `mounts` is what /proc/mounts says; where there is none, only names of folders are looked at.
    """
    place = folder.expanduser().absolute()
    place = place.resolve() if mounts is None else place
    what = _far(place, _read() if mounts is None else mounts)
    if what:
        return (
            f"{folder} is on a disk of another machine ({what}): two programs could write the database at once and"
            " damage it. Set EARSHOT_DATA to a folder on this machine's own disk."
        )
    if synced := _synced(place):
        return (
            f"{folder} is in a folder that {synced} copies while the database is written: the copies are torn, and may"
            " come back. Set EARSHOT_DATA to a folder that nothing copies, and let Earshot make backups."
        )
    return ""


def _read() -> str:
    try:
        return _MOUNTS.read_text(errors="replace")
    except OSError:
        return ""


def _far(place: Path, mounts: str) -> str:
    """The kind of file system that holds the place, if it is not of this machine."""
    kinds = {_unescaped(parts[1]): parts[2] for line in mounts.splitlines() if len(parts := line.split()) >= 3}
    for folder in (place, *place.parents):
        if (kind := kinds.get(str(folder))) is not None:
            return _FAR.get(kind.lower(), "")
    return ""


def _unescaped(mount: str) -> str:
    """/proc/mounts writes blanks and such as octal numbers."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        mount = mount.replace(code, character)
    return mount


def _synced(place: Path) -> str:
    for part in place.parts:
        name = part.lower()
        for word, who in _SYNCED.items():
            if name == word or name.startswith((f"{word} ", f"{word}-", f"{word}(")):
                return who
    return ""
