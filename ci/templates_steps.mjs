// SPDX-License-Identifier: MIT
// node templates_steps.mjs NODE_MODULES FILE JOB: the shell steps of the job `bench` or `report` of a
// pipeline template, as one script, behind what the pipeline puts into their environment.
import { createRequire } from 'node:module'
import { basename, resolve } from 'node:path'
import { readFileSync } from 'node:fs'

const [modules, file, name] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const yaml = () => createRequire(resolve(modules, 'x.js'))('yaml').parse(text)

// Each gives { env, run }: variables, and scripts in their order.
const readers = {
  'github-actions.yml': () => {
    const job = yaml().jobs[name]
    return { env: job.env, run: job.steps.map((s) => s.run) }
  },
  'gitlab-ci.yml': () => {
    const job = yaml()[name]
    return { env: job.variables, run: job.script }
  },
  'azure-pipelines.yml': () => {
    const pipeline = yaml()
    return { env: pipeline.variables, run: pipeline.jobs.find((j) => j.job === name).steps.map((s) => s.script) }
  },
  Jenkinsfile: () => {
    const env = Object.fromEntries([...text.matchAll(/^ *([A-Z]+) = '(.*?)'/gm)].map((m) => [m[1], m[2]]))
    const scripts = [...text.matchAll(/\bsh ('''|')(.*?)\1/gs)].map((m) => m[2])
    return { env, run: scripts.filter((s) => s.includes('report merge') === (name === 'report')) }
  },
}

const { env, run } = readers[basename(file)]()
const script = run.filter(Boolean).join('\n')
if (!script) throw new Error(`${file}: no steps in ${name}`)
// What whoever runs this has set stands before the template's own.
for (const [key, value] of Object.entries(env ?? {})) console.log(`export ${key}="\${${key}-${value}}"`)
console.log(script)
