// The simulator's own API, as the page asks it.

export async function ask(path, options = {}) {
  const response = await fetch(`/_sim/${path}`, options);
  if (!response.ok) throw Object.assign(new Error(response.statusText), { status: response.status });
  return response.status === 204 ? null : response.json();
}

export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const at = id => document.getElementById(id);
export const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds));
