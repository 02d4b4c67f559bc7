/**
 * The public surface of a package, read from the declarations that it ships: every name that an importer can reach, with
 * its declaration, and every declaration of the package's own that those mention. Two surfaces can be compared
 * (`Difference.ts`); as text one is a page that people can read (`api/`).
 */
import { existsSync, readFileSync } from "node:fs"
import path from "node:path"
import ts from "typescript-6"
import { type Manifest, type Package, root } from "../Workspace.ts"

/** What stands at a name. */
export interface Entry {
  /** The entry point and the name in it: `@handoff/dns/zone text.zone`. */
  readonly name: string
  /** The declaration without its comments. */
  readonly text: string
  /** The file that declares it, in the package's sources: `wire/Rcode.ts`. */
  readonly file: string
  /** Whether a comment says what it is. */
  readonly documented: boolean
  /** Reached by name, or only mentioned by what is. */
  readonly exported: boolean
  /** Whether it is nothing but a type, which one who names a public value may have to name, too. */
  readonly type: boolean
}

export type Surface = ReadonlyArray<Entry>

/** The declaration file of every entry point. */
const entryPoints = (manifest: Manifest, folder: string): ReadonlyArray<readonly [string, string]> =>
  Object.entries(manifest.exports ?? {}).flatMap(([door, target]) => {
    const types = (target as { readonly types?: string }).types
    return types === undefined ? [] : [[manifest.name + door.slice(1), path.join(folder, types)] as const]
  })

export const ofPackage = ({ folder, manifest }: Package): Surface =>
  read(entryPoints(manifest, path.join(root, folder)), path.join(root, folder, "dist"))

/** Declarations under `home` are the package's own. */
export const read = (entries: ReadonlyArray<readonly [name: string, file: string]>, home: string): Surface => {
  const program = ts.createProgram({
    rootNames: entries.map(([, file]) => file),
    options: {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2024,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: []
    }
  })
  const checker = program.getTypeChecker()
  const printer = ts.createPrinter({ removeComments: true })
  const out = new Map<string, Entry>()
  const reached = new Set<ts.Symbol>()
  const mentioned = new Map<ts.Symbol, string>()

  const resolve = (symbol: ts.Symbol): ts.Symbol =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  const isOurs = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(`${home}/`)
  const sourceOf = (file: ts.SourceFile): string => path.relative(home, file.fileName).replace(/\.d\.ts$/, ".ts")
  const moduleOf = (symbol: ts.Symbol): ts.SourceFile | undefined => symbol.declarations?.find(ts.isSourceFile)

  /** A constant's comment stands at its statement. */
  const statementOf = (node: ts.Node): ts.Node => (ts.isVariableDeclaration(node) ? node.parent.parent : node)
  const isTopLevel = (node: ts.Node): boolean => ts.isSourceFile(statementOf(node).parent)

  const add = (name: string, symbol: ts.Symbol, exported: boolean): void => {
    const declarations = (symbol.declarations ?? []).filter(isOurs)
    const foreign = symbol.declarations?.[0]
    if (declarations.length === 0) {
      const from = foreign === undefined ? "elsewhere" : packageOf(foreign.getSourceFile().fileName)
      out.set(name, { name, text: `re-exported from ${from}`, file: from, documented: true, exported, type: false })
      return
    }
    out.set(name, {
      name,
      file: sourceOf(declarations[0]!.getSourceFile()),
      text: declarations
        .map((node) => tidy(printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())))
        .join("\n"),
      documented: declarations.some((node) => isDocumented(node)),
      exported,
      type: declarations.some(isType)
    })
    for (const node of declarations) {
      const visit = (child: ts.Node): void => {
        if (isInternal(child)) return
        if (ts.isIdentifier(child)) {
          const found = checker.getSymbolAtLocation(child)
          const target = found === undefined ? undefined : resolve(found)
          const own = target?.declarations?.find((one) => isOurs(one) && !ts.isSourceFile(one) && isTopLevel(one))
          if (target !== undefined && own !== undefined) mentioned.set(target, sourceOf(own.getSourceFile()))
        }
        ts.forEachChild(child, visit)
      }
      visit(node)
    }
  }

  const walk = (prefix: string, file: ts.SourceFile, above: ReadonlySet<ts.SourceFile>): void => {
    const module = checker.getSymbolAtLocation(file)
    if (module === undefined) return
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = resolve(symbol)
      const name = prefix + symbol.name
      const inner = moduleOf(target)
      if (inner === undefined) {
        if (target.declarations?.some(isInternal) === true) continue
        reached.add(target)
        add(name, target, true)
      } else if (isOurs(inner)) {
        const documented = hasHeader(inner) || ts.getJSDocCommentsAndTags(symbol.declarations![0]!).length > 0
        const text = `namespace ${symbol.name}`
        out.set(name, { name, text, file: sourceOf(inner), documented, exported: true, type: false })
        if (!above.has(inner)) walk(`${name}.`, inner, new Set([...above, inner]))
      }
    }
  }

  for (const [name, file] of entries) {
    const source = program.getSourceFile(file)
    if (source === undefined) throw new Error(`${file} is missing; build the package first: npm run build`)
    walk(`${name} `, source, new Set([source]))
  }
  // What the public declarations mention decides what they mean; it may mention more.
  for (const [symbol, file] of mentioned) {
    if (!reached.has(symbol)) add(`${file.replace(/\.ts$/, "")}#${symbol.name}`, symbol, false)
  }
  return [...out.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** What stands under `@internal` is for the package's other files: TypeDoc leaves it out, and so does this. */
const isInternal = (node: ts.Node): boolean =>
  ts
    .getJSDocTags(ts.isVariableDeclaration(node) ? node.parent.parent : node)
    .some((tag) => tag.tagName.text === "internal")

const isType = (node: ts.Node): boolean =>
  ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node)

/**
 * A comment of its own; the file's, if the file is named after it; or the registry's own word in a documented table of
 * them (`Rcode.NXDOMAIN`), or a limit, which carries its reason as a value.
 */
const isDocumented = (node: ts.Node): boolean => {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node
  if (ts.getJSDocCommentsAndTags(statement).length > 0) return true
  const file = node.getSourceFile()
  const name = (node as ts.NamedDeclaration).name?.getText() ?? ""
  if (!hasHeader(file)) return false
  if (path.basename(file.fileName, ".d.ts").toLowerCase() === name.toLowerCase()) return true
  if (!ts.isVariableDeclaration(node)) return false
  return /^[A-Z][A-Z\d]+$/.test(name) || (node.type?.getText().includes("Limit") ?? false)
}

/** A file's own comment at its top. The compiler drops it with an import that only types needed, so the source counts. */
const hasHeader = (file: ts.SourceFile): boolean => {
  const source = file.fileName.replace("/dist/", "/src/").replace(/\.d\.ts$/, ".ts")
  const text = existsSync(source) ? readFileSync(source, "utf8") : file.text
  return text.trimStart().startsWith("/**")
}

const packageOf = (file: string): string =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? path.basename(file)

/** Imports by path name files of ours, which may move. */
const tidy = (text: string): string =>
  text
    .replaceAll(/^(?:export )?(?:declare )?/g, "")
    .replaceAll(/import\("[^"]*\/([\w-]+)\.(?:d\.)?ts"\)/g, 'import("$1")')

/** The surface as a page; `parse` reads it back. */
export const format = (name: string, surface: Surface): string =>
  [
    `# ${name}`,
    "What an importer can reach, and, under a file's name, what those declarations mention.",
    ...surface.map(({ name, text }) => `## ${name}\n\n\`\`\`ts\n${text}\n\`\`\``)
  ].join("\n\n") + "\n"

export const parse = (page: string): ReadonlyMap<string, string> =>
  new Map([...page.matchAll(/^## (.+)\n\n```ts\n([\s\S]*?)\n```$/gm)].map(([, name, text]) => [name!, text!]))

export const texts = (surface: Surface): ReadonlyMap<string, string> =>
  new Map(surface.map(({ name, text }) => [name, text]))
