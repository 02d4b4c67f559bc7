// JavaScript, as the peers' worker: a TypeScript module would measure the stripping of types.
export const add = (a, b) => a + b
