import { existsSync, readdirSync, readFileSync } from "node:fs"
import { defineConfig } from "vitepress"

/** A folder's pages in the sidebar, in the order of their `order` front matter, named by their first heading. */
const pages = (folder: string) =>
  readdirSync(new URL(`../${folder}/`, import.meta.url))
    .filter((file) => file.endsWith(".md"))
    .map((file) => {
      const text = readFileSync(new URL(`../${folder}/${file}`, import.meta.url), "utf8")
      return {
        text: /^# (.+)$/m.exec(text)?.[1] ?? file,
        link: `/${folder}/${file.replace(/\.md$/, "")}`,
        order: Number(/^order: (\d+)$/m.exec(text)?.[1] ?? 99)
      }
    })
    .toSorted((a, b) => a.order - b.order || a.text.localeCompare(b.text))

const reference = () => {
  const file = new URL("../reference/typedoc-sidebar.json", import.meta.url)
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : []
}

/** READMEs and guides that a reference page points to are copied beside it; their links to pages of this site lead there. */
const copies = {
  name: "links of copied pages",
  enforce: "pre" as const,
  transform: (text: string, id: string) =>
    id.includes("/reference/_media/")
      ? text.replace(/\]\((?:\.\.\/)+(?:docs\/)?((?:explanation|how-to)\/[\w-]+)\.md/g, "](/$1")
      : undefined
}

export default defineConfig({
  title: "Handoff",
  description: "Hand work off, go on, and collect it when it is done",
  cleanUrls: true,
  lastUpdated: false,
  srcExclude: ["README.md", "node_modules/**"],
  vite: { plugins: [copies] },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "How to", link: "/how-to/make-a-blocking-function-async" },
      { text: "Why", link: "/explanation/what-threads-are-good-for" },
      { text: "Reference", link: "/reference/" }
    ],
    sidebar: [
      { text: "Tutorial", items: [{ text: "From zero to a swapped strategy", link: "/tutorial" }] },
      { text: "How to", items: pages("how-to") },
      {
        text: "Explanation",
        items: [
          ...pages("explanation"),
          { text: "Decisions", link: "/design" },
          { text: "Tests of the tests", link: "/mutation" }
        ]
      },
      { text: "Reference", collapsed: true, items: [{ text: "All entries", link: "/reference/" }, ...reference()] }
    ]
  }
})
