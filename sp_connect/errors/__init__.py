"""Everything that can go wrong, as one tree. Each file holds a kind that the exit codes tell apart.

    SpConnectError                  base
    ├── Usage (exit 2)              usage           the command line was wrong, or nobody can be asked
    ├── NotFound (exit 6)           usage           no such seller, connection, invite or app
    ├── NotAuthorized (exit 3)      authorization   Amazon, or the guard of the right account, said no
    ├── … of these                  check           what the check of a token found, or could not find
    ├── ThisMachine (exit 4)        machine         a store, a file or a port
    ├── AmazonTrouble (exit 5)      amazon          worth trying again
    ├── Aborted, Bug (exit 1)       base            a prompt answered no; a defect
    ├── Interrupted (exit 130)      base            Ctrl-C
    └── OnLines, Several            base            rows of a file, many connections: the exit code of what they hold

Raise sites carry facts; each class composes its own sentence, its hint and its code. The codes and exit codes are a
contract with scripts. Must not import anything of this package but the models, causes and words.
"""

from sp_connect.errors.amazon import AmazonTrouble as AmazonTrouble
from sp_connect.errors.amazon import Throttled as Throttled
from sp_connect.errors.amazon import UnexpectedAnswer as UnexpectedAnswer
from sp_connect.errors.amazon import Unreachable as Unreachable
from sp_connect.errors.amazon import WrongRelay as WrongRelay
from sp_connect.errors.authorization import LONGEST_WAIT as LONGEST_WAIT
from sp_connect.errors.authorization import AccountTwice as AccountTwice
from sp_connect.errors.authorization import BadState as BadState
from sp_connect.errors.authorization import ClientRejected as ClientRejected
from sp_connect.errors.authorization import CodeExpired as CodeExpired
from sp_connect.errors.authorization import DuplicateAccount as DuplicateAccount
from sp_connect.errors.authorization import EndsSoon as EndsSoon
from sp_connect.errors.authorization import NotAuthorized as NotAuthorized
from sp_connect.errors.authorization import OnceMore as OnceMore
from sp_connect.errors.authorization import Refused as Refused
from sp_connect.errors.authorization import Rejected as Rejected
from sp_connect.errors.authorization import RenewedMeanwhile as RenewedMeanwhile
from sp_connect.errors.authorization import SecretRefused as SecretRefused
from sp_connect.errors.authorization import SecretTooOld as SecretTooOld
from sp_connect.errors.authorization import Skipped as Skipped
from sp_connect.errors.authorization import StillAuthorized as StillAuthorized
from sp_connect.errors.authorization import TimedOut as TimedOut
from sp_connect.errors.authorization import TokenTaken as TokenTaken
from sp_connect.errors.authorization import TokenTwice as TokenTwice
from sp_connect.errors.authorization import UnexpectedAccount as UnexpectedAccount
from sp_connect.errors.authorization import WrongAccount as WrongAccount
from sp_connect.errors.base import Aborted as Aborted
from sp_connect.errors.base import Bug as Bug
from sp_connect.errors.base import Interrupted as Interrupted
from sp_connect.errors.base import OnLines as OnLines
from sp_connect.errors.base import Several as Several
from sp_connect.errors.base import SpConnectError as SpConnectError
from sp_connect.errors.base import raise_all as raise_all
from sp_connect.errors.check import Door as Door
from sp_connect.errors.check import IdNotConfirmed as IdNotConfirmed
from sp_connect.errors.check import IdNotNamed as IdNotNamed
from sp_connect.errors.check import KeptUnchecked as KeptUnchecked
from sp_connect.errors.check import NoMarketplaces as NoMarketplaces
from sp_connect.errors.check import NotPermitted as NotPermitted
from sp_connect.errors.check import NotTheOwner as NotTheOwner
from sp_connect.errors.check import OtherCountry as OtherCountry
from sp_connect.errors.check import OtherRegion as OtherRegion
from sp_connect.errors.check import OwnerNotNamed as OwnerNotNamed
from sp_connect.errors.check import SellsNowhere as SellsNowhere
from sp_connect.errors.check import UnconfirmedKept as UnconfirmedKept
from sp_connect.errors.machine import CannotWrite as CannotWrite
from sp_connect.errors.machine import CodeWaits as CodeWaits
from sp_connect.errors.machine import Damaged as Damaged
from sp_connect.errors.machine import Exhausted as Exhausted
from sp_connect.errors.machine import MissingToken as MissingToken
from sp_connect.errors.machine import NoHome as NoHome
from sp_connect.errors.machine import NothingThere as NothingThere
from sp_connect.errors.machine import NoWorkingFolder as NoWorkingFolder
from sp_connect.errors.machine import PortTaken as PortTaken
from sp_connect.errors.machine import ReadOnlyDisk as ReadOnlyDisk
from sp_connect.errors.machine import SimulatorPortTaken as SimulatorPortTaken
from sp_connect.errors.machine import StoreLocked as StoreLocked
from sp_connect.errors.machine import StoreUnavailable as StoreUnavailable
from sp_connect.errors.machine import ThisMachine as ThisMachine
from sp_connect.errors.machine import TokenWaits as TokenWaits
from sp_connect.errors.machine import Unconfirmed as Unconfirmed
from sp_connect.errors.machine import Unfit as Unfit
from sp_connect.errors.machine import Unreadable as Unreadable
from sp_connect.errors.machine import Untrusted as Untrusted
from sp_connect.errors.machine import code_unused as code_unused
from sp_connect.errors.machine import token_lost as token_lost
from sp_connect.errors.usage import AppExists as AppExists
from sp_connect.errors.usage import AppInUse as AppInUse
from sp_connect.errors.usage import BadAppField as BadAppField
from sp_connect.errors.usage import BadName as BadName
from sp_connect.errors.usage import BadNumber as BadNumber
from sp_connect.errors.usage import CommandNotRun as CommandNotRun
from sp_connect.errors.usage import FlagsBesideFile as FlagsBesideFile
from sp_connect.errors.usage import FlagsOfOneAccount as FlagsOfOneAccount
from sp_connect.errors.usage import GivenTwice as GivenTwice
from sp_connect.errors.usage import NeedsFlag as NeedsFlag
from sp_connect.errors.usage import NoRegionBeside as NoRegionBeside
from sp_connect.errors.usage import NoSuchApp as NoSuchApp
from sp_connect.errors.usage import NoSuchConnection as NoSuchConnection
from sp_connect.errors.usage import NoSuchInvite as NoSuchInvite
from sp_connect.errors.usage import NotBesideCredentials as NotBesideCredentials
from sp_connect.errors.usage import NotFound as NotFound
from sp_connect.errors.usage import OneIdForSeveral as OneIdForSeveral
from sp_connect.errors.usage import OtherApp as OtherApp
from sp_connect.errors.usage import OtherClient as OtherClient
from sp_connect.errors.usage import RealSecret as RealSecret
from sp_connect.errors.usage import SellerExists as SellerExists
from sp_connect.errors.usage import SellerInvited as SellerInvited
from sp_connect.errors.usage import UnknownCode as UnknownCode
from sp_connect.errors.usage import UnknownCountry as UnknownCountry
from sp_connect.errors.usage import UnknownRegion as UnknownRegion
from sp_connect.errors.usage import Usage as Usage
from sp_connect.errors.usage import WhichConnection as WhichConnection
from sp_connect.errors.usage import is_name as is_name
