/** Files for `$INCLUDE`, confined to one folder: the only part of the codec that touches the disk. */
import { readFileSync, realpathSync } from "node:fs"
import { isAbsolute, relative, resolve } from "node:path"

/**
 * A function for `ZoneFile`'s `include` that reads files in `folder` and below it. A path that leads out of the folder,
 * by `..` or by a symbolic link, is refused; it throws what `node:fs` throws for one that is not there.
 */
export const fromFolder = (folder: string): ((path: string) => string) => {
  const root = realpathSync(folder)
  return (path) => {
    const file = realpathSync(resolve(root, path))
    const inside = relative(root, file)
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) throw new Error("outside the folder")
    return readFileSync(file, "utf8")
  }
}
