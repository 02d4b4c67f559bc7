/**
 * A text in quotes, as JSON has it, with everything that a terminal would act on as an escape: also the controls above
 * ASCII (U+009B begins a sequence like ESC [) and those that turn the direction of writing around.
 */
export const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
