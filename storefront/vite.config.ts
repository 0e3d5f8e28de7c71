import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

// React source, shipped on Preact: 31 kB instead of 107 kB on a phone's first visit.
const preact = {
  'react-dom/client': 'preact/compat/client',
  'react/jsx-runtime': 'preact/jsx-runtime',
  'react/jsx-dev-runtime': 'preact/jsx-runtime',
  'react-dom': 'preact/compat',
  react: 'preact/compat'
}

export default defineConfig({
  base: '/',
  plugins: [tailwindcss()],
  resolve: { alias: process.env.VITEST ? {} : preact },
  server: { proxy: { '/api': { target: process.env.ALLHOURS_API ?? 'http://127.0.0.1:8080', changeOrigin: false } } },
  build: {
    outDir: 'dist/app',
    // The floor: Tailwind 4 needs these, and older in-app browsers get light-dark() rewritten.
    target: ['chrome111', 'safari16.4', 'firefox114'],
    cssTarget: ['chrome111', 'safari16.4', 'firefox114'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    // React Query marks its files for server components; a bundle has none.
    rolldownOptions: { onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log) }
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], setupFiles: ['src/test.ts'] }
} as Parameters<typeof defineConfig>[0])
