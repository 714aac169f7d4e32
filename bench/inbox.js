/* What a browser says of its own frames, events and openings. */
(() => {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const drawn = () => frame().then(() => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = resolve
    port2.postMessage('')
  }))
  const list = () => document.querySelector('#list')
  const log = () => document.querySelector('#thread')
  const onScreen = () => [...document.querySelectorAll('[data-row]')].map(({ dataset }) => dataset.row)
  const arrived = new Map()
  let shown = []
  let longest = 0

  // When it comes into the tab, before the inbox itself hears of it.
  const add = EventSource.prototype.addEventListener
  EventSource.prototype.addEventListener = function (name, handler, ...rest) {
    if (name !== 'conversation') return add.call(this, name, handler, ...rest)
    return add.call(this, name, (event) => {
      const { id } = JSON.parse(event.data).conversation
      const key = String(id)
      if (!arrived.has(key) && !onScreen().includes(key)) arrived.set(key, performance.now())
      return handler.call(this, event)
    }, ...rest)
  }

  // Intersections are told when the first frame with the row has been drawn.
  function painted() {
    for (const id of onScreen()) {
      const at = arrived.get(id)
      if (!at) continue
      arrived.set(id, 0)
      const seen = new IntersectionObserver(() => {
        seen.disconnect()
        shown.push(performance.now() - at)
      })
      seen.observe(document.querySelector(`[data-row="${id}"]`))
    }
  }

  async function frames(by, count) {
    const found = []
    let before = await frame()
    for (let n = 0; n < count; n += 1) {
      list().scrollTop += by
      const now = await frame()
      found.push(now - before)
      before = now
    }
    return found
  }

  window.measure = {
    /** Turn by turn, so that whatever else the machine does falls on both. */
    async scrolling(by, turns, count) {
      const rest = []
      const moving = []
      for (let turn = 0; turn < turns; turn += 1) {
        rest.push(...(await frames(0, count)))
        moving.push(...(await frames(by, count)))
      }
      return [rest, moving]
    },
    async all(count) {
      const box = list()
      const last = () => Math.max(...[...document.querySelectorAll('[aria-posinset]')].map((each) => each.getAttribute('aria-posinset')))
      for (let height = 0, still = 0; still < 100 && last() < count; still = box.scrollHeight === height ? still + 1 : 0) {
        height = box.scrollHeight
        box.scrollTop = height
        await wait(50)
      }
      const found = last()
      box.scrollTop = 0
      await wait(500)
      return found
    },
    listen() {
      new MutationObserver(painted).observe(list(), { childList: true, subtree: true, attributes: true, attributeFilter: ['data-row'] })
      new PerformanceObserver((seen) => seen.getEntries().forEach(({ duration }) => (longest = Math.max(longest, duration)))).observe({ type: 'longtask' })
    },
    /** What an observer of long tasks has to see. */
    async hangs(ms) {
      await wait(0)
      for (const until = performance.now() + ms; performance.now() < until; );
      await wait(500)
    },
    heard() {
      const found = [shown, longest]
      shown = []
      longest = 0
      return found
    },
    /** Until the first frame with the other thread, standing where it should, has been drawn. */
    async open(key) {
      const before = log()
      const began = performance.now()
      window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
      while (!log() || log() === before || !log().querySelector('.bubble') || getComputedStyle(log()).visibility === 'hidden') await drawn()
      return performance.now() - began
    },
    async opens(key, times) {
      const took = []
      for (let n = 0; n < times; n += 1) took.push(await measure.open(key[n % key.length]))
      return took
    },
    /** To its very beginning, so that all of it is here. */
    async whole(first) {
      while (!log().textContent.includes(first)) {
        log().scrollTop = log().scrollTop ? 0 : 1
        await wait(50)
      }
    },
  }
})()
