// Chromium without a window, driven over a pipe by its DevTools protocol.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** How long anything may take, in milliseconds. */
const PATIENCE = 30_000;

function find() {
  const folders = (process.env.PATH ?? '').split(':');
  const paths = [process.env.CHROMIUM, ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))];
  const found = paths.filter(Boolean).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('no Chromium on the PATH: scripts/test brings it, or name one with CHROMIUM');
  return found;
}

/** Opens one page and gives it to `use`; whatever happens, nothing is left running. */
export async function browse(use, { width = 1280, height = 800 } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'mnemo-chromium-'));
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  options.push('--remote-debugging-pipe', '--disable-extensions', '--disable-background-networking');
  options.push(`--user-data-dir=${profile}`, `--window-size=${width},${height}`, 'about:blank');
  // A group of its own, so that the processes it starts end with it and write no more into the profile.
  const child = spawn(find(), options, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const page = await Page.open(child.stdio[3], child.stdio[4]);
    await page.resize(width, height);
    return await use(page);
  } finally {
    process.kill(-child.pid, 'SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  }
}

export class Page {
  static async open(to, from) {
    const page = new Page();
    page.to = to;
    page.calls = new Map();
    page.number = 0;
    page.complaints = [];
    page.requests = [];
    let rest = '';
    from.setEncoding('utf8');
    from.on('data', (text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop();
      for (const message of messages) page.hear(JSON.parse(message));
    });
    const { targetInfos } = await page.call('Target.getTargets');
    const { targetId } = targetInfos.find((target) => target.type === 'page');
    const { sessionId } = await page.call('Target.attachToTarget', { targetId, flatten: true });
    page.sessionId = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.call(`${domain}.enable`);
    return page;
  }

  hear({ id, result, error, method, params }) {
    if (id !== undefined) {
      const { resolve, reject } = this.calls.get(id);
      this.calls.delete(id);
      return error ? reject(new Error(error.message)) : resolve(result);
    }
    if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    }
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type)) {
      this.complaints.push(params.args.map((value) => value.value ?? value.description).join(' '));
    }
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      this.complaints.push(params.entry.text);
    }
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
  }

  call(method, params = {}) {
    const id = ++this.number;
    const { sessionId } = this;
    this.to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method} was not answered`)), PATIENCE);
      const then = (settle) => (value) => {
        clearTimeout(late);
        settle(value);
      };
      this.calls.set(id, { resolve: then(resolve), reject: then(reject) });
    });
  }

  resize(width, height) {
    return this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** `dark` or `light`, as the system would say it; and no motion. */
  prefer(scheme) {
    const features = [
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ];
    return this.call('Emulation.setEmulatedMedia', { features });
  }

  async goto(url, isReady) {
    await this.call('Page.navigate', { url });
    await this.until(isReady);
  }

  /** The value of an expression in the page. */
  async see(expression) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  /** Waits until an expression in the page is true. */
  async until(expression) {
    const end = Date.now() + PATIENCE;
    while (!(await this.see(expression))) {
      if (Date.now() > end) throw new Error(`it never came true: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Clicks at a point, or in the middle of what a selector finds. */
  async click(where, times = 1) {
    const [x, y] = typeof where === 'string' ? await this.middle(where) : where;
    await this.mouse('mouseMoved', x, y);
    for (let clickCount = 1; clickCount <= times; clickCount++) {
      await this.mouse('mousePressed', x, y, { button: 'left', clickCount });
      await this.mouse('mouseReleased', x, y, { button: 'left', clickCount });
    }
  }

  mouse(type, x, y, more = {}) {
    return this.call('Input.dispatchMouseEvent', { type, x, y, ...more });
  }

  async middle(selector) {
    const box = await this.see(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)});
      if (!found) return null;
      const { x, y, width, height } = found.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    })()`);
    if (!box) throw new Error(`nothing is ${selector}`);
    return box;
  }

  async press(...keys) {
    for (const key of keys) {
      const isLetter = key.length === 1;
      const code = { Enter: 13, ' ': 32, Escape: 27 }[key];
      const text = key === 'Enter' ? '\r' : isLetter ? key : undefined;
      await this.call('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, text, windowsVirtualKeyCode: code });
      await this.call('Input.dispatchKeyEvent', { type: 'keyUp', key, windowsVirtualKeyCode: code });
    }
  }

  async screenshot(file) {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
    writeFileSync(file, Buffer.from(data, 'base64'));
  }
}
