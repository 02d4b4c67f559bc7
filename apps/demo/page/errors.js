// Shows what goes wrong in the page's own code. Plain and alone, so that it works when nothing else does.
;(() => {
  const show = (words) => {
    const box = document.getElementById("trouble")
    if (box === null) return document.addEventListener("DOMContentLoaded", () => show(words), { once: true })
    box.hidden = false
    box.dataset.kind = "fault"
    box.textContent = `Something in this page went wrong: ${words}. Reload it; if it stays, the terminal of handoff serve may say more.`
  }
  addEventListener(
    "error",
    (event) => {
      const { target } = event
      if (target !== window && target instanceof Element) show(`${target.src ?? target.href} could not be loaded`)
      else show(event.message)
    },
    true
  )
  addEventListener("unhandledrejection", (event) => show(String(event.reason?.message ?? event.reason)))
})()
