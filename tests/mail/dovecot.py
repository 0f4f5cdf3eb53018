"""Dovecot with a configuration, a port and a mailbox of its own, as root or not; gone afterwards.

One setting a line: its parser takes no second one. A user that starts it as root must not be the one that it runs as,
so the mails then belong to nobody, and every folder above them must let him pass.
"""

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.mail.devel import PASSWORD, USER, free_port, wait_for

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
MISSING = "dovecot is not installed (Debian: dovecot-imapd)"

_CONFIG = """\
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = maildir:{base}/mail/%u
mail_fsync = never
first_valid_uid = 1
{users}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    port: int
    folder: Path
    user: str = USER
    password: str = PASSWORD


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    assert DOVECOT, MISSING
    base = Path(mkdtemp(prefix="dovecot-", dir="/tmp"))
    base.chmod(0o755)
    is_root = os.geteuid() == 0
    owner = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
    names = () if is_root else ("default_login_user", "default_internal_user")
    users = "\n".join([*(f"{name} = {owner.pw_name}" for name in names)])
    if not is_root:
        users += f"\ndefault_internal_group = {grp.getgrgid(os.getegid()).gr_name}"
    mails, port = base / "mail", free_port()
    mails.mkdir()
    os.chown(mails, owner.pw_uid, owner.pw_gid)
    config = base / "dovecot.conf"
    config.write_text(
        _CONFIG.format(base=base, users=users, password=PASSWORD, uid=owner.pw_uid, gid=owner.pw_gid, port=port)
    )
    process = subprocess.Popen([DOVECOT, "-F", "-c", str(config)])
    try:
        wait_for(port, process)
        yield Dovecot(port, mails)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(base, ignore_errors=True)
