/** Names as the cache knows them. */

/** What a name is kept under: lower case, without the final dot; the root is `.`. */
export const normal = (name: string): string => {
  const last = name.length - 1
  const undotted = last > 0 && name.charCodeAt(last) === 0x2e && name.charCodeAt(last - 1) !== 0x5c
  return (undotted ? name.slice(0, last) : name).toLowerCase()
}
