// Starts the NHS components and shows whether live updates arrive. Every page works without this file.
import { initAll } from './vendor/nhsuk-frontend.min.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()

// Says "Live" beside "Updated ..." only while the stream is open.
for (const [event, state] of [['htmx:sseOpen', 'on'], ['htmx:sseError', 'off'], ['htmx:sseClose', 'off']]) {
  document.body.addEventListener(event, (happened) => {
    const live = happened.target.closest?.('.jd-live')
    if (!live) return
    live.dataset.live = state
    live.querySelector('.jd-live__state').textContent = state === 'on' ? 'Live' : ''
  })
}

// After an exchange the NHS components inside the new part have to be started too.
document.body.addEventListener('htmx:afterSettle', (happened) => {
  if (happened.target instanceof HTMLElement) initAll({ scope: happened.target })
})

// A live exchange must not close what somebody is reading: explanations are told apart by their words and their place.
const explanations = (part) => {
  const seen = {}
  return [...part.querySelectorAll('details > summary')].map((summary) => {
    const words = summary.textContent.trim()
    seen[words] = (seen[words] ?? 0) + 1
    return { key: `${words}#${seen[words]}`, summary }
  })
}

document.body.addEventListener('htmx:beforeSwap', (happened) => {
  const part = happened.detail.target
  const found = explanations(part)
  const open = new Set(found.filter(({ summary }) => summary.parentElement.open).map(({ key }) => key))
  const focused = found.find(({ summary }) => summary === document.activeElement)?.key
  const id = part.id
  const restore = () => {
    for (const { key, summary } of explanations(document.getElementById(id) ?? document)) {
      if (open.has(key)) summary.parentElement.open = true
      if (key === focused) summary.focus({ preventScroll: true })
    }
  }
  document.body.addEventListener('htmx:afterSettle', restore, { once: true })
})
