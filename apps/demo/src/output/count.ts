/** `1 host`, `2 hosts`: how many of what, for nouns whose plural has an s. */
export const count = (number: number, noun: string): string => `${number} ${plural(number, noun)}`

export const plural = (number: number, noun: string): string => (number === 1 ? noun : `${noun}s`)
