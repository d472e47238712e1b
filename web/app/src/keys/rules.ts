/** Which keys act when. Pure. */

const WORD_KEYS = new Set(["Enter", " ", "Space"]);

/** The one key of a binding that is a single character without a modifier; those can be switched off. */
export function isSingle(binding: string): boolean {
  return !/(?:\$mod|Control|Meta|Alt)\+/.test(binding) && binding.trim().split(" ").every((press) => pressed(press).length === 1);
}

/** Whether it is a sequence: `g j`. */
export function isSequence(binding: string): boolean {
  return binding.trim().includes(" ");
}

/**
 * A binding as tinykeys wants it, in all its forms: `?` and `/` are behind Shift on some keyboards and not on others.
 */
export function formsOf(binding: string): string[] {
  return isSingle(binding) && !isSequence(binding) && !/^(?:Shift\+)?[a-z0-9]$/i.test(binding) ? [binding, `Shift+${binding}`] : [binding];
}

export interface Pressing {
  binding: string;
  /** Where the focus is. */
  target: Pick<Element, "closest"> | null;
  /** Single keys are switched on. */
  singles: boolean;
  /** It is the second of a sequence of ours. */
  inSequence: boolean;
  /** A dialog is open, and the binding is not one of its own. */
  behindDialog: boolean;
}

/** Whether a key that was pressed may do what it is bound to. */
export function mayAct({ binding, target, singles, inSequence, behindDialog }: Pressing): boolean {
  if (behindDialog) return false;
  if (isSingle(binding) && !singles) return false;
  if (inSequence && !isSequence(binding)) return false;
  const hasModifier = /(?:\$mod|Control|Meta|Alt)\+/.test(binding);
  if (!hasModifier && target?.closest(TYPING)) return false;
  return !(WORD_KEYS.has(pressed(binding)) && !hasModifier && target?.closest(PRESSABLE));
}

const TYPING =
  "input:not([type=checkbox],[type=radio],[type=range],[type=button],[type=submit],[type=file]),textarea,select,[contenteditable=''],[contenteditable=true],[role=combobox],[role=listbox],[role=textbox]";
const PRESSABLE = "a,button,summary,label,[role=button],[role=option],[role=menuitem],[role=tab],[role=switch],input";

/** The last key of a press: `Shift+j` is `j`. */
function pressed(press: string): string {
  return press.length > 1 ? (press.split(/\b\+/).at(-1) ?? press) : press;
}

/** How long after the first key of a sequence the second one counts (ms), as in tinykeys. */
const SEQUENCE_WITHIN = 1_000;

/** Which presses complete a sequence, so that their keys mean nothing else: after `g`, `j` is no "next row". */
export class Sequences {
  private leads: ReadonlyMap<string, ReadonlySet<string>>;
  private last: { key: string; at: number } | undefined;

  constructor(sequences: readonly string[]) {
    const leads = new Map<string, Set<string>>();
    for (const [lead = "", then = ""] of sequences.map((sequence) => sequence.split(" "))) {
      leads.set(lead, (leads.get(lead) ?? new Set()).add(then));
    }
    this.leads = leads;
  }

  /** Hears every press; whether it is the second of a sequence. */
  hear(key: string, at: number): boolean {
    const { last } = this;
    const completes = last !== undefined && at - last.at < SEQUENCE_WITHIN && (this.leads.get(last.key)?.has(key) ?? false);
    this.last = completes ? undefined : { key, at };
    return completes;
  }
}
