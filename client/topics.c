#include "client/topics.h"

#include <stddef.h>

static const char start[] =
    "Starting\n"
    "\n"
    "Your node, valised, keeps your identity and your correspondence on this\n"
    "machine and talks with the nodes of your contacts. There is no server and no\n"
    "account.\n"
    "\n"
    "  valise init --name Ana      makes your identity; offers to start the node\n"
    "  valise invite --as Bao      makes a link for one person\n"
    "                              (they type: valise accept LINK)\n"
    "  valise contact list         shows when they have become a contact\n"
    "  valise contact verify Bao   compares the safety number, once, by voice\n"
    "  valise send Bao -m \"Hello\"  sends, also while Bao is away\n"
    "  valise read                 shows what was written\n"
    "  valise backup create FILE   keeps all of it safe from loss\n"
    "\n"
    "When something does not arrive, valise doctor says why.\n";

static const char privacy[] =
    "What is private, and what is not\n"
    "\n"
    "Your texts are encrypted from your node to your contact's node. Nobody in\n"
    "between can read or change them, and nobody who steals keys later can read\n"
    "what was recorded before.\n"
    "\n"
    "Every text is signed with your identity, on purpose: this is correspondence\n"
    "people stand by. So there is no deniability. Whoever receives a text from you\n"
    "can prove to others that you wrote it, and to whom. Do not write what you\n"
    "could not stand by.\n"
    "\n"
    "A contact's name is what you call them. What they call themselves is shown as\n"
    "a claim and proves nothing; comparing the safety number (valise contact\n"
    "verify) does.\n"
    "\n"
    "Networks in between see that two addresses talk, when, and about how much.\n"
    "Reading a text tells its author so, unless direct.read_receipts is off or you\n"
    "read with --peek. A text typed as -m TEXT may stay in your shell's history:\n"
    "use - or -f to avoid that.\n"
    "\n"
    "On the disk of this machine texts are in clear until you type valise\n"
    "passphrase. Then the node is locked after each start, and valise unlock opens\n"
    "it. Nobody can help if you forget the passphrase.\n";

static const char exit_codes[] =
    "Exit codes\n"
    "\n"
    "  0  done\n"
    "  1  another failure\n"
    "  2  the command line, or the request, is not understood\n"
    "  3  valised is not running\n"
    "  4  there is no such contact, text or setting\n"
    "  5  the identity is not the one known here\n"
    "  6  timed out; what was sent is still queued\n"
    "  7  a limit is reached: try again later\n"
    "  8  done for some, not for all\n"
    "  9  the store cannot be read or written\n"
    "\n"
    "With --json an error is one object on standard error:\n"
    "\n"
    "  {\"v\":1,\"error\":\"not_found\",\"text\":\"...\",\"hint\":\"...\",\"exit\":4}\n"
    "\n"
    "With --plain it is one line: error, text and hint, separated by tabs. The word\n"
    "in \"error\" never changes its meaning.\n";

static const char output[] =
    "Output\n"
    "\n"
    "Data goes to standard output, everything else to standard error.\n"
    "\n"
    "  --json      one object a line, each with \"v\":1; times are ms since 1970\n"
    "  --plain     fields separated by tabs, no headings; times are ISO 8601\n"
    "  --color     auto (only in a terminal), always or never; NO_COLOR and\n"
    "              CLICOLOR_FORCE count\n"
    "  --quiet     only data and errors\n"
    "  --no-input  never ask; questions are asked only in a terminal anyway\n"
    "  --socket    another node's socket; so does VALISE_SOCKET\n"
    "\n"
    "In a field of --plain a backslash is \\\\, a newline \\n, a tab \\t, an invisible\n"
    "character \\u{200B}, a byte that is not UTF-8 \\xFF: it can be undone.\n"
    "A list is a line each; a single thing a line a field: its name, a tab, its\n"
    "value. The columns are in valise(1).\n"
    "\n"
    "VALISE_ACCESSIBLE=1 gives sentences instead of tables, and no line that\n"
    "changes. PAGER is used for long output in a terminal; PAGER=cat turns it off.\n"
    "\n"
    "Whatever a peer wrote is shown harmlessly: control and escape sequences,\n"
    "direction overrides, zero-width and other invisible characters, and heaps of\n"
    "accents appear as \\u{1B} and the like (with --json as \\u001b), in a terminal,\n"
    "a pipe and a file alike. Lines of a text are indented, so that no text can\n"
    "look like a line of valise.\n";

static const char config[] =
    "Configuration\n"
    "\n"
    "Settings are in ~/.config/valise/valise.conf and, after it, conf.d/*.conf. All\n"
    "of them have defaults, so there need not be a file. A key is SECTION.NAME.\n"
    "\n"
    "  valise config get                     everything, and where it comes from\n"
    "  valise config get listen.address      one value\n"
    "  valise config set listen.advertise home.example.org:4647\n"
    "  valise config set --default listen.advertise\n"
    "  valise config check                   what is wrong, and in which line\n"
    "  valise config path\n"
    "\n"
    "Setting keeps your comments, checks the result before it counts, and tells the\n"
    "running node. All keys are in valise.conf(5).\n";

static const char invite[] =
    "Invitations\n"
    "\n"
    "Two people become contacts by a link that one makes and the other accepts. The\n"
    "link holds where your node is, who you are, and a secret that works once,\n"
    "until it expires (7 days).\n"
    "\n"
    "  valise invite --as Bao        the link, for Bao alone\n"
    "  valise invite --qr            the same as a QR code\n"
    "  valise accept LINK --as Ana   what Bao types\n"
    "  valise accept -               reads the link from a pipe\n"
    "\n"
    "Whoever uses the link first becomes the contact. If Bao is told the link was\n"
    "used already, somebody else has used it: block that contact and make a new\n"
    "link.\n"
    "\n"
    "Bao's node must be able to reach yours at one of the addresses in the link\n"
    "(valise status, \"Reachable at\"). Behind a home router, forward the port and\n"
    "set listen.advertise.\n";

static const char backup[] =
    "Backups\n"
    "\n"
    "A backup is one encrypted file: your identity, your contacts, all texts and\n"
    "your settings. Never the keys that protect texts on their way: what you have\n"
    "deleted cannot be read with it.\n"
    "\n"
    "  valise backup create FILE   writes it, on a stick or another machine's disk\n"
    "  valise backup verify FILE   reads all of it, and says what is in it\n"
    "  valise backup words         makes recovery words, and shows them once\n"
    "  valise init --restore FILE  brings it back, into a node without an identity\n"
    "\n"
    "It opens with your recovery words, 24 plain English words. The first backup\n"
    "shows them; write them on paper. The node does not keep them, so that nobody\n"
    "finds them on this machine, and later backups need no typing. Whoever has the\n"
    "words and a backup can read everything in it, and be you. Nobody can help if\n"
    "the words are lost: make new ones, and a new backup.\n"
    "\n"
    "What is restored is a new device of yours. Talks go on when your contacts are\n"
    "reached; what they have and the backup has not comes back from them. Do not\n"
    "start the old node again.\n"
    "\n"
    "With --passphrase a backup opens with a passphrase of its own instead. Anyone\n"
    "who gets the file can try passphrases at home, so make it a long one.\n";

static const char doctor[] =
    "When it does not work\n"
    "\n"
    "  valise doctor        looks at everything, says what is wrong and what helps\n"
    "  valise outbox list   what has not arrived, and why\n"
    "  valise outbox retry  tries now\n"
    "  valise peer list     connections of this moment\n"
    "\n"
    "A text is queued (on your disk), sent (signed and on its way), delivered (the\n"
    "recipient's signed receipt is here), read; or failed, with the reason. Nothing\n"
    "is lost while either side is off.\n";

static const char groups[] =
    "Groups\n"
    "\n"
    "A group has no server: every member's node keeps all of it and passes on what\n"
    "others miss. Whatever reaches them in whatever order, all members end with the\n"
    "same members, the same rules and the same texts in the same order.\n"
    "\n"
    "  valise group create \"Twin schools\"      begins it; you are its founder\n"
    "  valise group invite \"Twin schools\" Bao  invites a contact; Bao types:\n"
    "                                          valise group join \"Twin schools\"\n"
    "  valise group invite \"Twin schools\" --uses 30\n"
    "                                          makes a link for 30 people\n"
    "  valise send \"@Twin schools\" -m Hello   writes to all members\n"
    "  valise read \"@Twin schools\"            what was written\n"
    "  valise outbox show 12                   who has text #12, and who not yet\n"
    "  valise group members \"Twin schools\"    who is in it\n"
    "  valise group log \"Twin schools\"        who did what, and why\n"
    "\n"
    "Levels, from the lowest: a member writes; a moderator also lets people in and\n"
    "removes members; an admin also gives levels; an owner also changes the rules;\n"
    "the founder is above all of them, for good. Nobody can touch an equal or a\n"
    "superior, and every act is signed and in the log of the group.\n"
    "\n"
    "Whoever is removed keeps what was sent before and reads nothing sent from then\n"
    "on. Members who are no contacts of yours are shown as ~ and what they call\n"
    "themselves, which proves nothing, with the beginning of their id. valise\n"
    "contact block works on them, too.\n";

const vls_topic vls_topics[] = {
    {"start", "your first ten minutes", start},
    {"privacy", "what is private, what is signed", privacy},
    {"invite", "becoming contacts", invite},
    {"groups", "talking with many", groups},
    {"backup", "backups and recovery words", backup},
    {"output", "JSON, tabs, colour, and hostile text", output},
    {"exit-codes", "what the numbers mean", exit_codes},
    {"config", "settings", config},
    {"doctor", "when it does not work", doctor},
    {NULL, NULL, NULL},
};
