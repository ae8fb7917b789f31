// The words of the page, in the reader's language. The server has chosen the language and has sent its words along with
// the page. words/<language>.json holds them, for this script and for the server (vessel_activity/web/words.py).

const sent = JSON.parse(document.getElementById("words").textContent);

/** The language of the words, with its country where the reader has named one: "de-CH". */
export const language = document.documentElement.lang;

const isRightToLeft = document.documentElement.dir === "rtl";
// In a sentence that runs to the left, a value such as "3,547 kn" must keep its own order.
const isolated = (text) => (isRightToLeft ? `\u2068${text}\u2069` : text);
const PLACE = /\{(\w+)\}/g;
let plurals;

/**
 * Returns the words for a key, with values in their {places}.
 *
 * Words that depend on a number have several forms; `number` chooses one.
 */
export function say(key, values = {}, number) {
  let words = sent.script[key];
  if (words === undefined) throw new Error(`there are no words for "${key}"`);
  if (typeof words !== "string") {
    plurals ??= new Intl.PluralRules(language);
    words = words[number === undefined ? "other" : plurals.select(number)] ?? words.other;
  }
  return words.replace(PLACE, (_, name) => isolated(values[name]));
}

/** Returns the name of a type of ship in the reader's language. A name that AIS does not know stays as it is. */
export const typeName = (name) => (Object.hasOwn(sent.types, name) ? sent.types[name] : name);

/** Returns the name of a rule of alerts: in the reader's language if the rule comes with vessel activity, else as it was given. */
export const ruleName = (name) => (Object.hasOwn(sent.rules, name) ? sent.rules[name] : name);
