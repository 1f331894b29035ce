/** Words for generated container names: one friendly adjective, one scientist, engineer or mathematician. */
export const ADJECTIVES: readonly string[] = (
  'able agile airy alert amber ample apt ardent artful avid balmy bold brave breezy bright brisk bubbly calm candid ' +
  'careful cheery chipper civil clear clever comfy cosy crisp curious dapper daring deft devoted dreamy durable eager ' +
  'earnest easy elegant epic fair famous fearless fine fleet fluent fond frank fresh frugal gentle genuine giddy glad ' +
  'gleeful golden grand handy hardy hearty helpful honest hopeful humble ideal jolly jovial keen kind lively loyal lucid ' +
  'lucky mellow merry mighty mindful modest neat nifty nimble noble patient placid playful polite prime proud quick ' +
  'quiet radiant ready robust rosy serene sharp shiny sincere smart snug sober solid spry stable steady sturdy sunny ' +
  'swift tender thrifty tidy tranquil trusty upbeat vivid warm willing wise witty zealous zesty'
).split(' ');

export const SURNAMES: readonly string[] = (
  'abel adams aiken airy alhazen alvarez ampere anning archimedes aristarchus aryabhata avogadro babbage backus baird ' +
  'banneker banting bardeen bascom bassi becquerel bell benz bernoulli berzelius bessel bhaskara blackett bohm bohr ' +
  'boltzmann boole born bose boyle brahe brahmagupta brattain brunel buck burnell bush cannon cantor cardano carnot ' +
  'carson carver cavendish cayley celsius chadwick chandrasekhar chebyshev cherenkov church clarke cockcroft coleman ' +
  'compton conway copernicus cori coulomb crick curie cuvier dalton darwin davy debye dedekind descartes dijkstra diesel ' +
  'dirac doppler drew easley eckert eddington edison ehrlich einstein elion engelbart eratosthenes erdos euclid euler ' +
  'evans faraday fermat fermi feynman fibonacci fisher fleming flowers fourier franklin fraunhofer fresnel fuller galileo ' +
  'galois gauss germain gibbs gilbert goddard godel goeppert golgi goodall green haber hahn halley hamilton hamming ' +
  'harvey hawking heaviside heisenberg helmholtz henry heron herschel hertz hilbert hippocrates hodgkin hollerith hooke ' +
  'hopper hubble humboldt hutton huygens hypatia jackson jacobi jemison jenner johnson joule kapitza kare kelvin kepler ' +
  'keynes khayyam khorana kilby kirch kirchhoff knuth koch kolmogorov kovalevskaya lagrange lamarr landau laplace lavoisier ' +
  'leavitt leibniz lemaitre lie linnaeus lister lorentz lovelace lyell mach mandelbrot marconi maury maxwell mayer ' +
  'mcclintock mccarthy meitner mendel mendeleev mersenne michelson millikan minkowski mirzakhani moore morse napier ' +
  'nash neumann newton nightingale nobel noether ohm oppenheimer panini papin pascal pasteur pauli pauling pavlov payne ' +
  'peano penrose perlman planck poincare poisson priestley ptolemy pythagoras raman ramanujan rayleigh ride riemann ' +
  'ritchie roentgen rubin rutherford sagan salam salk schrodinger shannon shockley siemens snow somerville stokes ' +
  'swanson tartaglia telford tesla thales thompson torricelli turing varahamihira vaughan venn vesalius viete villani ' +
  'volta volterra wallace watt wegener weierstrass weyl wiener wilkes wilson wing wozniak wren wright wu yalow yukawa ' +
  'zeeman zernike zuse'
).split(' ');
