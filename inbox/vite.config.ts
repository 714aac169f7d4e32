/** How the inbox is built, served while developing, and tested. */
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { compressAssets } from './build/compress.ts'
import { orderLayers } from './build/layers.ts'
import { compileMessages } from './build/messages.ts'
import { together } from './build/pieces.ts'

const SOURCES = new URL('./src', import.meta.url).pathname

export default defineConfig({
  plugins: [compileMessages(), orderLayers(), vue(), compressAssets()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  resolve: { alias: { '@': SOURCES } },
  build: {
    outDir: '../hub/static/inbox',
    emptyOutDir: true,
    target: ['chrome87', 'safari14'],
    manifest: true,
    // The service worker serves the whole site, so it lies at its root and keeps its name.
    rollupOptions: {
      input: { main: 'index.html', sw: 'src/sw.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        codeSplitting: { groups: [together(`${SOURCES}/`)] },
      },
    },
    // The content security policy forbids data: scripts and fonts; files are cached for ever anyway.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'] },
})
