type Named = readonly (readonly [name: string, sequence: string])[];

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Each has to reach the terminal as it is. */
export const allowed: Named = [
  ['text with every graphic character', 'a ~ é — 界 🙂 👩‍💻 ─│┌ עברית \u{10ffff}'],
  ['controls that draw', 'a\b\t\r\n\x07'],
  ['plain text again', '\x1b[m\x1b[0m'],
  ['colours of the palette', '\x1b[1;3;31;48;5;238m'],
  ['true colour', '\x1b[38;2;255;100;0m\x1b[38:2::1:2:3m'],
  ['a curly underline in its colour', '\x1b[4:3m\x1b[4::3m\x1b[58::2::1::2::3m\x1b[59m'],
  ['moves of the cursor', '\x1b[A\x1b[2B\x1b[3C\x1b[4D\x1b[H\x1b[10;20H\x1b[5G\x1b[6d\x1b[1;1f'],
  ['erasing', '\x1b[J\x1b[1J\x1b[2J\x1b[K\x1b[1K\x1b[2K\x1b[7X'],
  ['inserting and deleting', '\x1b[@\x1b[2P\x1b[L\x1b[3M'],
  ['scrolling and its region', '\x1b[1;40r\x1b[r\x1b[3S\x1b[2T\x1bM'],
  ['saving the cursor', '\x1b7\x1b8'],
  ['keypad and cursor keys', '\x1b=\x1b>\x1b[?1h\x1b[?1l'],
  ['lines by sets of characters', '\x1b(0qqx\x1b(B\x1b)0\x0exx\x0f'],
  ['the alternate screen', '\x1b[?1049h\x1b[?1049l\x1b[?47h\x1b[?1047l'],
  ['the cursor', '\x1b[?25l\x1b[?12;25h\x1b[?12l\x1b[4 q\x1b[ q'],
  ['the mouse', '\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?1006l\x1b[?1005l'],
  ['focus and bracketed paste', '\x1b[?1004h\x1b[?2004h\x1b[?7l'],
  ['synchronised output', '\x1b[?2026hx\x1b[?2026l'],
  ['extended keys', '\x1b[>4;2m\x1b[>4;1m\x1b[>4m'],
  ['a title ended by BEL', '\x1b]0;✳ fix the build — ünï\x07'],
  ['a title ended by ST', '\x1b]2;repo\x1b\\'],
  ['a link and its end', '\x1b]8;id=tmux%1;https://example.org/a?b=c#d\x1b\\here\x1b]8;;\x1b\\'],
  ['the colour of the cursor', '\x1b]12;#ff8800\x07\x1b]12;rgb:ff/88/00\x07\x1b]112\x07'],
  ['notifications', '\x1b]9;The agent waits for you\x07\x1b]777;notify;Claude;done\x1b\\'],
  [
    'a text for the clipboard',
    `\x1b]52;;${base64('two\nlines\twith ünï')}\x07\x1b]52;c;${base64('x')}\x1b\\`,
  ],
];

const c1 = (code: number) => Buffer.from(String.fromCharCode(code)).toString('latin1');

/** Nothing of any may reach the terminal, not even as text. Octets are latin1 characters here. */
export const forbidden: Named = [
  ['which terminal it is (DA2, DA3)', '\x1b[>c\x1b[>0c\x1b[=c\x1b[?c'],
  ['which terminal it is (DA1, DECID)', '\x1b[c\x1b[0c\x1bZ'],
  ['its version (XTVERSION)', '\x1b[>q\x1b[>0q'],
  ['its state and the place of the cursor (DSR)', '\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n\x1b[?996n'],
  ['its modes (DECRQM)', '\x1b[?2026$p\x1b[4$p'],
  ['its settings and strings (DECRQSS, XTGETTCAP)', '\x1bP$qm\x1b\\\x1bP+q544e\x1b\\'],
  ['its parameters and checksum', '\x1b[x\x1b[1x\x1b[1;1;1;1;5;5*y\x1b[1$w\x1b[1;2$u'],
  ['its window and title (XTWINOPS)', '\x1b[14t\x1b[18t\x1b[20t\x1b[21t\x1b[22;0;0t\x1b[8;1;1t'],
  ['its keyboard (kitty, XTQMODKEYS)', '\x1b[?u\x1b[>1u\x1b[<u\x1b[=31;1u\x1b[?4m\x1b[?1016;4m'],
  ['its colours', '\x1b]4;1;?\x07\x1b]10;?\x1b\\\x1b]11;?\x07\x1b]12;?\x07\x1b]17;?\x07'],
  ['its palette changed', '\x1b]4;1;#000000\x07\x1b]10;#000000\x07\x1b]11;#000000\x07\x1b]104\x07\x1b[#P'],
  ['its answerback (ENQ)', '\x05'],
  ['a read of the clipboard', '\x1b]52;c;?\x07\x1b]52;;?\x1b\\\x1b]52;p;?\x07'],
  [
    'a command for the clipboard',
    ['a\x1bb', 'a\rb', 'rm\x00', 'a\x7f', 'a\u0085b', 'a\u202eb']
      .map((text) => `\x1b]52;c;${base64(text)}\x07`)
      .join(''),
  ],
  [
    'no text for the clipboard',
    `\x1b]52;c;\x07\x1b]52;c;!\x07\x1b]52;c;/w==\x07\x1b]52;0;${base64('x')}\x07`,
  ],
  [
    'files (iTerm2)',
    '\x1b]1337;File=name=eA==;inline=0:AAAA\x07\x1b]1337;ReportCellSize\x07\x1b]1337;Copy=:eA==\x07',
  ],
  ['a font, a folder, marks', '\x1b]50;x\x07\x1b]7;file://x/y\x07\x1b]133;A\x07\x1b]633;A\x07\x1b]3;a=b\x07'],
  ['macros and waits of ConEmu', '\x1b]9;6;x\x07\x1b]9;1;9999\x07\x1b]9;4;1;50\x07\x1b]9;9;C:\\\x07'],
  ['notifications that answer', '\x1b]99;i=1:a=report;x\x1b\\\x1b]777;precmd\x07'],
  ['a link to anything else', '\x1b]8;;file:///etc/passwd\x07\x1b]8;;ssh://x\x07\x1b]8;;javascript:x\x07'],
  [
    'a title with a control or a bidi mark',
    '\x1b]0;a\x7fb\x07\x1b]2;\xe2\x80\xaex\x07\x1b]2;\xc2\x9b5n\x07\x1b]2;\xff\x07',
  ],
  ['a title without end', `\x1b]0;${'x'.repeat(600)}\x07`],
  ['pictures (sixel, ReGIS, kitty)', '\x1bPq#0;2;0;0;0~\x1b\\\x1bPpS(E)\x1b\\\x1b_Ga=q,i=1;AAAA\x1b\\'],
  ['keys defined anew (DECUDK)', '\x1bP1;1|17/6c730a\x1b\\'],
  ["tmux's way around itself", '\x1bPtmux;x\x1b\\'],
  ['the other strings (SOS, PM, APC)', '\x1bXx\x1b\\\x1b^x\x1b\\\x1b_x\x1b\\'],
  ['a printer and media copy', '\x1b[i\x1b[5i\x1b[?5i\x1b[?4i'],
  ['resets', '\x1bc\x1b[!p\x1b[?5W'],
  ['other sets and sizes of controls', '\x1b%@\x1b%G\x1b F\x1b G\x1b#8\x1b(U\x1bn\x1b~'],
  ['protected and filled areas', '\x1b[1"q\x1b[?1J\x1b[88;1;1;9;9$x\x1b[1;1;9;9${'],
  ['other modes', '\x1b[2h\x1b[12l\x1b[20h\x1b[?2l\x1b[?3h\x1b[?5h\x1b[?9h\x1b[?69h\x1b[?1005h\x1b[?1015h'],
  ['modes that report of themselves', '\x1b[?2031h\x1b[?2048h\x1b[?1016h\x1b[?25;2048h'],
  ['the scrollback erased', '\x1b[3J'],
  ['mouse highlighting, margins', '\x1b[1;2;3;4;5T\x1b[1;80s\x1b[?69l'],
  ['numbers that overflow', `\x1b[${'9'.repeat(20)}A\x1b[${';'.repeat(300)}m`],
  ['controls that draw nothing', '\x00\x0b\x0c\x10\x11\x13\x18\x1a\x1c\x7f'],
  [
    'C1 controls, as octets and in UTF-8',
    [...Array(32).keys()].map((n) => String.fromCharCode(0x80 + n) + c1(0x80 + n)).join(''),
  ],
  ['what is no UTF-8', '\xff\xfe\xc0\x9b\xe0\x80\x9b\xf0\x80\x80\x9b\xed\xa0\x80\xf4\x90\x80\x80\xc3'],
];
