/** A runner module that cannot be loaded, as with a broken installation. */
throw new Error('this installation is broken');
