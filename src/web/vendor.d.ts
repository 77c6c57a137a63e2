/** Third-party modules that the service serves to the page from their npm packages (`http/routes/page.ts`). */
declare module '*/vendor/client-zip.js' {
  export * from 'client-zip';
}
declare module '*/vendor/img-comparison-slider.js';
