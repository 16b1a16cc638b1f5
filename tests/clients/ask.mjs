// Asks a gateway by the clients of JavaScript: node ask.mjs FOLDER URL RECORDING
// FOLDER holds node_modules. Prints a line of JSON: the text that each client got.
import { createReadStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, url, recording] = process.argv.slice(2)
const require = createRequire(pathToFileURL(`${folder}/`))
const load = async name => import(pathToFileURL(require.resolve(name)))

const OpenAI = (await load('openai')).default
const Groq = (await load('groq-sdk')).default
const { createOpenAI } = await load('@ai-sdk/openai')
const { experimental_transcribe } = await load('ai')

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' })
const groq = new Groq({ baseURL: url, apiKey: 'none' })
const vercel = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'none' })

const asked = {
  'openai-node': async () =>
    (await openai.audio.transcriptions.create({ file: createReadStream(recording), model: 'whisper-1' })).text,
  'openai-node, stream': async () => {
    const events = await openai.audio.transcriptions.create({
      file: createReadStream(recording), model: 'gpt-4o-transcribe', stream: true,
    })
    let deltas = ''
    let done = null
    for await (const event of events) {
      if (event.type === 'transcript.text.delta') deltas += event.delta
      if (event.type === 'transcript.text.done') done = event.text
    }
    return done === deltas ? done : `deltas differ: ${deltas}`
  },
  'groq-sdk': async () =>
    (await groq.audio.transcriptions.create({ file: createReadStream(recording), model: 'whisper-large-v3' })).text,
  'ai': async () =>
    (await experimental_transcribe({
      model: vercel.transcription('whisper-1'), audio: readFileSync(recording),
    })).text,
}
const texts = await Promise.all(Object.entries(asked).map(async ([name, ask]) => [name, await ask()]))
console.log(JSON.stringify(Object.fromEntries(texts)))
